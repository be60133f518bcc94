export { colored, plain, type Paint, type RenderOptions, type Tone } from './paint.ts';
export { renderRecords, type RecordRenderOptions } from './records.ts';
export { renderDocumentReport, renderReport } from './reports.ts';
export { renderSessions } from './sessions.ts';
export { renderTimeline, type TimelineRenderOptions } from './timeline.ts';
