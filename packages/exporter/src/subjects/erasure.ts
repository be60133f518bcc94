import { z } from 'zod';

/** Who asks for something: a token or a certificate, by its name, and its role. */
export interface Asker {
  /** `token:<id>` or `certificate:<name>`; `anybody` where the service lets everybody in. */
  name: string;
  role: string;
}

/** What an erasure took away. */
export interface ErasedCounts {
  /** Records of the subject. */
  records: number;
  /** Records of no subject in the same traces, whose opened groups went too. */
  companions: number;
  /** Records of nobody, and of the service's own, that named the subject: their opened groups went too. */
  mentions: number;
  /** Sessions that are unlinked. */
  sessions: number;
  /** Documents in Elasticsearch whose opened groups were taken out; absent where there is none. */
  elasticsearch?: number | undefined;
}

/**
 * The request to erase a subject, and what became of it: `requested` waits for somebody's approval, `running` goes on
 * by itself until it is `completed`, whatever happens meanwhile; one that is `held` waits for a legal hold to be released
 * that came before its key was destroyed; `withdrawn` never began.
 */
export interface Erasure {
  id: string;
  /** `audit.actor.id`: who it was, nobody can tell any more afterwards. */
  reference: string;
  state: 'requested' | 'running' | 'held' | 'completed' | 'withdrawn';
  /** Absent once it is completed; the ledger's record has it. */
  reason?: string | undefined;
  requested_by: Asker;
  /** RFC 3339, as are the others. */
  requested_at: string;
  approved_by?: Asker | undefined;
  approved_at?: string | undefined;
  /** Everything of the subject is before this ledger index. */
  before?: number | undefined;
  counts?: ErasedCounts | undefined;
  /** What the subject is called, so that an erasure that was interrupted still finds it elsewhere; gone with the end of it. */
  names?: { names: string[]; addresses: string[] } | undefined;
  /** Ledger indexes of records that name it beside its own; gone with the end of it. */
  mentions?: number[] | undefined;
  completed_at?: string | undefined;
}

const count = z.number().int().nonnegative();
const asker = z.object({ name: z.string(), role: z.string() });

/** An erasure as it is stored and as the API answers it. */
export const erasureSchema: z.ZodType<Erasure> = z.object({
  id: z.string(),
  reference: z.string(),
  state: z.enum(['requested', 'running', 'held', 'completed', 'withdrawn']),
  reason: z.string().optional(),
  requested_by: asker,
  requested_at: z.string(),
  approved_by: asker.optional(),
  approved_at: z.string().optional(),
  before: count.optional(),
  counts: z
    .object({
      records: count,
      companions: count,
      mentions: count,
      sessions: count,
      elasticsearch: count.optional(),
    })
    .optional(),
  names: z.object({ names: z.array(z.string()), addresses: z.array(z.string()) }).optional(),
  mentions: z.array(count).optional(),
  completed_at: z.string().optional(),
});
