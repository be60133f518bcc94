/** MITRE ATT&CK tactics that the rules name. */
export const TACTICS = {
  TA0001: 'Initial Access',
  TA0004: 'Privilege Escalation',
  TA0005: 'Defense Evasion',
  TA0006: 'Credential Access',
} as const;

/** MITRE ATT&CK techniques that the rules name. */
export const TECHNIQUES: Readonly<Record<string, string>> = {
  T1078: 'Valid Accounts',
  T1110: 'Brute Force',
  T1528: 'Steal Application Access Token',
  T1539: 'Steal Web Session Cookie',
  T1550: 'Use Alternate Authentication Material',
  T1553: 'Subvert Trust Controls',
  T1562: 'Impair Defenses',
};

/** MITRE ATT&CK sub-techniques that the rules name. */
export const SUB_TECHNIQUES: Readonly<Record<string, string>> = {
  'T1110.001': 'Password Guessing',
  'T1550.001': 'Application Access Token',
  'T1550.004': 'Web Session Cookie',
  'T1562.006': 'Indicator Blocking',
};
