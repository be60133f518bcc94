// write-log writes a log with Tessera's POSIX driver. Each line of standard input is a size to grow to; it is answered
// with that size once a checkpoint of it is published. The entries are of any length and hold anything: nothing in them
// is Spanledger's.
package main

import (
	"bufio"
	"context"
	"encoding/binary"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/transparency-dev/tessera"
	"github.com/transparency-dev/tessera/storage/posix"
	"golang.org/x/mod/sumdb/note"
)

const (
	maxEntryBytes    = 65_535
	usualEntryBytes  = 300
	batchSize        = 1024
	interval         = 100 * time.Millisecond
	maxPublishWait   = 30 * time.Second
	pollPublished    = 10 * time.Millisecond
	bigEntryDistance = 5000
)

func main() {
	directory := flag.String("dir", "", "the folder to write the log to")
	skey := flag.String("skey", "", "the log's signing key, as golang.org/x/mod/sumdb/note writes it")
	policy := flag.String("witness-policy", "", "a file with a witness policy, which each checkpoint must satisfy")
	flag.Parse()
	if err := run(context.Background(), *directory, *skey, *policy); err != nil {
		fmt.Fprintf(os.Stderr, "write-log: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, directory, skey, policy string) error {
	signer, err := note.NewSigner(skey)
	if err != nil {
		return err
	}
	driver, err := posix.New(ctx, posix.Config{Path: directory})
	if err != nil {
		return err
	}
	options := tessera.NewAppendOptions().
		WithCheckpointSigner(signer).
		WithBatching(batchSize, interval).
		WithCheckpointInterval(interval)
	if policy != "" {
		text, err := os.ReadFile(policy)
		if err != nil {
			return err
		}
		witnesses, err := tessera.NewWitnessGroupFromPolicy(text)
		if err != nil {
			return err
		}
		options.WithWitnesses(witnesses, nil)
	}
	appender, shutdown, reader, err := tessera.NewAppender(ctx, driver, options)
	if err != nil {
		return err
	}
	size := uint64(0)
	input := bufio.NewScanner(os.Stdin)
	for input.Scan() {
		wanted, err := strconv.ParseUint(input.Text(), 10, 64)
		if err != nil {
			return err
		}
		var last tessera.IndexFuture
		for ; size < wanted; size++ {
			last = appender.Add(ctx, tessera.NewEntry(entry(size)))
			// So that entries keep the order in which they were made, whatever is behind Add.
			if size%batchSize == batchSize-1 {
				if _, err := last(); err != nil {
					return err
				}
			}
		}
		if last != nil {
			if _, err := last(); err != nil {
				return err
			}
		}
		if err := awaitPublished(ctx, reader, wanted); err != nil {
			return err
		}
		fmt.Println(wanted)
	}
	return shutdown(ctx)
}

// awaitPublished waits for the checkpoint file of exactly this size.
func awaitPublished(ctx context.Context, reader tessera.LogReader, size uint64) error {
	for deadline := time.Now().Add(maxPublishWait); time.Now().Before(deadline); time.Sleep(pollPublished) {
		checkpoint, err := reader.ReadCheckpoint(ctx)
		if err == nil && strings.Split(string(checkpoint), "\n")[1] == strconv.FormatUint(size, 10) {
			return nil
		}
	}
	return fmt.Errorf("no checkpoint of %d entries within %v", size, maxPublishWait)
}

// entry is the same for an index each time: none, one and many bytes, text and noise, and now and then the longest.
func entry(index uint64) []byte {
	var seed [32]byte
	binary.BigEndian.PutUint64(seed[:], index)
	source := rand.NewChaCha8(seed)
	length := int(source.Uint64() % usualEntryBytes)
	switch {
	case index%bigEntryDistance == 100:
		length = maxEntryBytes
	case index%7 == 3:
		return []byte(fmt.Sprintf(`{"audit":{"ledger":{"index":%d,"origin":"not/ours","previous":"00"}}}`, index+1))
	case index%11 == 5:
		return []byte{}
	}
	bytes := make([]byte, length)
	_, _ = source.Read(bytes)
	return bytes
}
