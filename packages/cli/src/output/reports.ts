import { formatDocumentReport, formatReport } from '@spanledger/ledger/directory';
import type { DocumentReport, VerificationReport } from '@spanledger/ledger/verify';
import { plain, type Paint, type RenderOptions } from './paint.ts';

/** What the verification of a ledger found. */
export function renderReport(report: VerificationReport, options: RenderOptions = {}): string {
  return paintVerdict(formatReport(report), report.ok, options.paint ?? plain);
}

/** What the verification of one record found. */
export function renderDocumentReport(report: DocumentReport, options: RenderOptions = {}): string {
  return paintVerdict(formatDocumentReport(report), report.ok, options.paint ?? plain);
}

function paintVerdict(text: string, ok: boolean, paint: Paint): string {
  return text.replace(/^\S+/, (verdict) => paint(ok ? 'good' : 'bad', verdict));
}
