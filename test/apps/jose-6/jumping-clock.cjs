// The machine's clock is set forward and back all the time, as on a virtual machine that wakes up.
const HOUR_MS = 3_600_000;
const JUMPS_MS = [0, 24 * HOUR_MS, -24 * HOUR_MS, 5, -HOUR_MS, 0.5];
let calls = 0;
const jump = () => JUMPS_MS[calls++ % JUMPS_MS.length];

const wall = Date.now;
Date.now = () => Math.trunc(wall() + jump());
const { hrtime } = process;
const seconds = (before) => {
  const [whole, rest] = hrtime(before);
  return [whole + Math.trunc(jump() / 1_000), rest];
};
process.hrtime = Object.assign(seconds, {
  bigint: () => hrtime.bigint() + BigInt(Math.trunc(jump() * 1e6)),
});
const monotonic = performance.now.bind(performance);
performance.now = () => monotonic() + jump();
