import type { FastifyReply } from 'fastify';

/** Answers with JSON that nobody on the way may keep: it may tell of people. */
export async function sendJson(reply: FastifyReply, value: object): Promise<FastifyReply> {
  reply.type('application/json; charset=utf-8').header('cache-control', 'no-store');
  return await reply.send(JSON.stringify(value));
}
