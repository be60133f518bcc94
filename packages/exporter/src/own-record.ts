import { AUDIT_SCHEMA_VERSION, ECS_VERSION, type JsonObject, type RecordDraft } from '@spanledger/record';

/** Who acted where the service did something by itself. */
export const THE_SERVICE: NonNullable<RecordDraft['subject']> = {
  issuer: '',
  id: 'spanledger',
  type: 'system',
};

/** What is particular to a record that comes from no span. */
export interface OwnRecord {
  /** `audit.record.id` */
  id: string;
  /** RFC 3339 with nine fraction digits. */
  timestamp: string;
  /** Absent where nobody knows who acted. */
  subject?: RecordDraft['subject'];
  session?: RecordDraft['session'];
  /** `event.kind`; `event` unless it is said. */
  kind?: 'alert' | 'event' | 'state';
  /** Members of `audit` beside those that all records have; the outcome is that of the event as well. */
  audit: JsonObject & { action: string; outcome: string };
  /** Members of `event` beside those that all records have. */
  event: JsonObject & { action: string; category: string[]; type: string[] };
  /** More members in the clear. */
  clear?: JsonObject;
  groups?: RecordDraft['groups'];
}

/** The draft of a record that the service writes of its own accord. docs/record-format.md */
export function ownRecord(own: OwnRecord): RecordDraft {
  const { id, timestamp, subject, session, kind = 'event', audit, event, clear, groups = {} } = own;
  return {
    id,
    ...(subject !== undefined && { subject }),
    ...(session !== undefined && { session }),
    clear: {
      ...clear,
      '@timestamp': timestamp,
      audit: { ...audit, record: { id }, schema: { version: AUDIT_SCHEMA_VERSION } },
      ecs: { version: ECS_VERSION },
      event: {
        ...event,
        dataset: 'spanledger.audit',
        kind,
        module: 'spanledger',
        outcome: audit.outcome,
      },
    },
    groups,
  };
}
