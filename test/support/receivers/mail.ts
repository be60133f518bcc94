import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { SMTPServer } from 'smtp-server';
import type { CertificateFiles } from '../tls/certificates.ts';

/** A mail as it arrived. */
export interface ReceivedMail {
  from: string;
  to: string[];
  text: string;
  isEncrypted: boolean;
  user: string | undefined;
}

/** How a mail server is set up. */
export interface MailServerWish {
  files: CertificateFiles;
  /** TLS from the first byte; without: STARTTLS. */
  implicit?: boolean;
  /** It does not offer STARTTLS. */
  plain?: boolean;
  /** Who may log in, and must. */
  account?: { user: string; password: string };
}

/** A real SMTP server on loopback; a recipient `nobody@…` is refused for good, `later@…` for now. */
export class MailReceiver implements AsyncDisposable {
  readonly mails: ReceivedMail[] = [];
  readonly #server: SMTPServer;

  private constructor(server: (receiver: MailReceiver) => SMTPServer) {
    this.#server = server(this);
  }

  static async start({
    files,
    implicit = false,
    plain = false,
    account,
  }: MailServerWish): Promise<MailReceiver> {
    const key = await readFile(files.keyFile);
    const cert = await readFile(files.certFile);
    const receiver = new MailReceiver(
      (self) =>
        new SMTPServer({
          key,
          cert,
          secure: implicit,
          authOptional: account === undefined,
          disabledCommands: [...(plain ? ['STARTTLS'] : []), ...(account === undefined ? ['AUTH'] : [])],
          logger: false,
          onAuth({ username = '', password = '' }, _session, done) {
            if (username === account?.user && password === account.password) done(null, { user: username });
            else done(Object.assign(new Error('Wrong password'), { responseCode: 535 }));
          },
          onRcptTo({ address }, _session, done) {
            if (address.startsWith('nobody@')) {
              done(Object.assign(new Error(`No such user ${address}`), { responseCode: 550 }));
            } else if (address.startsWith('later@')) {
              done(Object.assign(new Error('Try later'), { responseCode: 451 }));
            } else done();
          },
          onData(stream, { envelope, secure, user }, done) {
            const chunks: Buffer[] = [];
            stream.on('data', (chunk: Buffer) => chunks.push(chunk));
            stream.on('end', () => {
              self.mails.push({
                from: envelope.mailFrom === false ? '' : envelope.mailFrom.address,
                to: envelope.rcptTo.map(({ address }) => address),
                text: Buffer.concat(chunks).toString(),
                isEncrypted: secure,
                user: typeof user === 'string' ? user : undefined,
              });
              done();
            });
          },
        }),
    );
    receiver.#server.on('error', () => undefined);
    await new Promise<void>((resolve) => {
      receiver.#server.listen(0, '127.0.0.1', resolve);
    });
    return receiver;
  }

  get port(): number {
    const address: string | AddressInfo | null = this.#server.server.address();
    if (typeof address !== 'object' || address === null) throw new Error('it does not listen');
    return address.port;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#server.close(resolve);
    });
  }
}
