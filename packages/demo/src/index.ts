export { startChild, type ChildProgram, type RunningChild } from './child-process.ts';
export { runPeople, type VisitBook } from './people/people.ts';
export { startProvider, type DemoProvider } from './provider/demo-provider.ts';
export { startShop, type ShopSurroundings } from './shop-process.ts';
export { startTelemetrySink, type TelemetrySink } from './telemetry/sink.ts';
