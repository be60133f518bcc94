// Command append-log is the peer of the append benchmark: callers that append one entry at a time to a log of
// Tessera's POSIX driver and wait until it is integrated. It prints one line of JSON.
//
// In the POSIX driver an entry's future resolves once the entry is in the bundles and the tree, both synced.
package main

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"
)

var (
	directory  = flag.String("directory", "", "where the log goes; must not exist yet")
	callers    = flag.Int("callers", 256, "how many callers append at once")
	entryBytes = flag.Int("entry-bytes", 700, "how long an entry is")
	batch      = flag.Uint("batch", 256, "entries of a batch, at most")
	age        = flag.Duration("age", 10*time.Millisecond, "how long a batch waits to fill up")
	warmUp     = flag.Duration("warm-up", 500*time.Millisecond, "how long is not counted")
	measured   = flag.Duration("measured", 2*time.Second, "how long is counted")
)

// result is what the benchmark reads.
type result struct {
	PerSecond float64 `json:"perSecond"`
	P50Ms     float64 `json:"p50Ms"`
	P99Ms     float64 `json:"p99Ms"`
}

func main() {
	flag.Parse()
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	signingKey, _, err := note.GenerateKey(rand.Reader, "example.com/append-log")
	if err != nil {
		return err
	}
	signer, err := note.NewSigner(signingKey)
	if err != nil {
		return err
	}
	driver, err := posix.New(ctx, posix.Config{Path: *directory})
	if err != nil {
		return err
	}
	appender, shutdown, _, err := tessera.NewAppender(ctx, driver, tessera.NewAppendOptions().
		WithCheckpointSigner(signer).
		WithBatching(*batch, *age).
		WithCheckpointInterval(500*time.Millisecond))
	if err != nil {
		return err
	}
	latencies, err := appendAll(ctx, appender)
	if err != nil {
		return err
	}
	if err := shutdown(ctx); err != nil {
		return err
	}
	slices.Sort(latencies)
	at := func(share float64) float64 {
		return latencies[int(share*float64(len(latencies)-1))].Seconds() * 1000
	}
	return json.NewEncoder(os.Stdout).Encode(result{
		PerSecond: float64(len(latencies)) / measured.Seconds(),
		P50Ms:     at(0.5),
		P99Ms:     at(0.99),
	})
}

// appendAll lets all callers append until the time is over; it gives the latencies of what ended while it was measured.
func appendAll(ctx context.Context, appender *tessera.Appender) ([]time.Duration, error) {
	begin := time.Now().Add(*warmUp)
	end := begin.Add(*measured)
	perCaller := make([][]time.Duration, *callers)
	var failure atomic.Pointer[error]
	var group sync.WaitGroup
	for caller := range *callers {
		group.Go(func() {
			random := make([]byte, *entryBytes)
			_, _ = rand.Read(random)
			for number := uint64(0); failure.Load() == nil; number++ {
				// Its own bytes for each entry, as they come from a network.
				data := slices.Clone(random)
				binary.BigEndian.PutUint64(data, number)
				started := time.Now()
				if _, err := appender.Add(ctx, tessera.NewEntry(data))(); err != nil {
					failure.Store(&err)
					return
				}
				ended := time.Now()
				if ended.After(end) {
					return
				}
				if ended.After(begin) {
					perCaller[caller] = append(perCaller[caller], ended.Sub(started))
				}
			}
		})
	}
	group.Wait()
	if err := failure.Load(); err != nil {
		return nil, *err
	}
	return slices.Concat(perCaller...), nil
}
