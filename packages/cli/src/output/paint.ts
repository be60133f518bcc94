import { styleText } from 'node:util';

/** What a colour says; never the only thing that says it. */
export type Tone = 'bad' | 'faint' | 'good' | 'strong' | 'warning';

/** Colours text, or leaves it as it is. */
export type Paint = (tone: Tone, text: string) => string;

const STYLES = { bad: 'red', faint: 'dim', good: 'green', strong: 'bold', warning: 'yellow' } as const;

/** Text as it is: for files, pipes and whoever asked for no colour. */
export const plain: Paint = (_tone, text) => text;

/** Text in colour, whatever the stream is; the caller has decided. */
export const colored: Paint = (tone, text) => styleText(STYLES[tone], text, { validateStream: false });

/** How a renderer writes. */
export interface RenderOptions {
  /** Default: {@link plain}. */
  paint?: Paint;
}

/** The tone of an `event.outcome`. */
export function toneOfOutcome(outcome: string | undefined): Tone {
  if (outcome === 'failure') return 'bad';
  return outcome === 'success' ? 'good' : 'warning';
}
