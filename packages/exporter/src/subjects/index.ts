export { Erasures, type PlannedErasure } from './erasures.ts';
export { erasureSchema, type Asker, type Erasure, type ErasedCounts } from './erasure.ts';
export { Holds } from './holds.ts';
export { holdSchema, type Hold } from './hold.ts';
export { erasureRecordId } from './privacy-records.ts';
export { SealedRows } from './sealed-rows.ts';
