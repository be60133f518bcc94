/** Ids that others refer to. They are stable: links and what users build upon them keep working. */
export const ids = {
  audit: 'spanledger-audit',
  alerts: 'spanledger-alerts',
  traces: 'spanledger-traces',
  overview: 'spanledger-overview',
  session: 'spanledger-session',
  person: 'spanledger-person',
  compliance: 'spanledger-compliance',
  integrity: 'spanledger-integrity',
} as const;
