// tessera-client reads a whole log with Tessera's client library: the checkpoint, the stream of entry bundles, and
// proofs of entries and of earlier sizes, made by its ProofBuilder from the tiles and checked by
// transparency-dev/merkle. Given an earlier checkpoint, its LogStateTracker follows the log from there. Exits with 1 at
// the first thing that does not hold.
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"net/url"
	"os"
	"strings"

	"github.com/transparency-dev/formats/log"
	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/api/layout"
	"github.com/transparency-dev/tessera/client"
	"golang.org/x/mod/sumdb/note"
	"spanledger.example/interop/internal/picks"
)

type fetcher interface {
	ReadCheckpoint(ctx context.Context) ([]byte, error)
	ReadTile(ctx context.Context, l, i uint64, p uint8) ([]byte, error)
	ReadEntryBundle(ctx context.Context, i uint64, p uint8) ([]byte, error)
}

func main() {
	prefix := flag.String("url", "", "the log's prefix, file:// or http://")
	vkey := flag.String("vkey", "", "the log's verification key")
	known := flag.String("known", "", "a file with an earlier checkpoint, which the log must continue")
	random := flag.Int("random", 20, "how many random entries and sizes to prove besides those at borders")
	flag.Parse()
	if err := run(context.Background(), *prefix, *vkey, *known, *random); err != nil {
		fmt.Fprintf(os.Stderr, "tessera-client: %v\n", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, prefix, vkey, known string, random int) error {
	files, err := open(prefix)
	if err != nil {
		return err
	}
	verifier, err := note.NewVerifier(strings.TrimSpace(vkey))
	if err != nil {
		return err
	}
	checkpoint, _, _, err := client.FetchCheckpoint(ctx, files.ReadCheckpoint, verifier, verifier.Name())
	if err != nil {
		return err
	}
	if known != "" {
		if err := follow(ctx, files, verifier, known, checkpoint); err != nil {
			return fmt.Errorf("known checkpoint: %w", err)
		}
	}
	report := picks.Report{
		Origin: checkpoint.Origin, Size: checkpoint.Size, Root: checkpoint.Hash,
		Inclusion: []picks.Inclusion{}, Consistency: []picks.Consistency{},
	}
	if report.Entries, err = readEntries(ctx, files, checkpoint.Size, checkpoint.Hash); err != nil {
		return fmt.Errorf("entries: %w", err)
	}
	builder, err := client.NewProofBuilder(ctx, checkpoint.Size, files.ReadTile)
	if err != nil {
		return err
	}
	for _, index := range picks.Below(checkpoint.Size, random) {
		leaves, err := client.FetchLeafHashes(ctx, files.ReadTile, index, 1, checkpoint.Size)
		if err != nil {
			return fmt.Errorf("leaf %d: %w", index, err)
		}
		hashes, err := builder.InclusionProof(ctx, index)
		if err != nil {
			return fmt.Errorf("inclusion of %d: %w", index, err)
		}
		if err := proof.VerifyInclusion(rfc6962.DefaultHasher, index, checkpoint.Size, leaves[0], hashes, checkpoint.Hash); err != nil {
			return fmt.Errorf("inclusion of %d: %w", index, err)
		}
		report.Inclusion = append(report.Inclusion, picks.Inclusion{Index: index, Leaf: leaves[0], Hashes: hashes})
	}
	for _, below := range picks.Below(checkpoint.Size, random) {
		first := below + 1
		root, err := rootAt(ctx, files, first, checkpoint.Size)
		if err != nil {
			return fmt.Errorf("root at %d: %w", first, err)
		}
		hashes, err := builder.ConsistencyProof(ctx, first, checkpoint.Size)
		if err != nil {
			return fmt.Errorf("consistency with %d: %w", first, err)
		}
		if err := proof.VerifyConsistency(rfc6962.DefaultHasher, first, checkpoint.Size, hashes, root, checkpoint.Hash); err != nil {
			return fmt.Errorf("consistency with %d: %w", first, err)
		}
		report.Consistency = append(report.Consistency, picks.Consistency{First: first, Root: root, Hashes: hashes})
	}
	return report.Print()
}

func open(prefix string) (fetcher, error) {
	u, err := url.Parse(prefix)
	if err != nil {
		return nil, err
	}
	if u.Scheme == "file" {
		return client.FileFetcher{Root: u.Path}, nil
	}
	return client.NewHTTPFetcher(u, nil)
}

// follow has a tracker take the step from the earlier checkpoint to the log's. It does not look at one that is not
// larger than what it knows, so that is done here.
func follow(ctx context.Context, files fetcher, verifier note.Verifier, path string, now *log.Checkpoint) error {
	known, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	consensus := client.UnilateralConsensus(files.ReadCheckpoint)
	tracker, err := client.NewLogStateTracker(ctx, files.ReadTile, known, verifier, verifier.Name(), consensus)
	if err != nil {
		return err
	}
	before := tracker.Latest()
	if _, _, _, err := tracker.Update(ctx); err != nil {
		return err
	}
	if now.Size < before.Size {
		return fmt.Errorf("the log went back from %d entries to %d", before.Size, now.Size)
	}
	if now.Size == before.Size && !bytes.Equal(now.Hash, before.Hash) {
		return fmt.Errorf("of size %d there are the roots %x and %x", now.Size, before.Hash, now.Hash)
	}
	return nil
}

// readEntries computes the root of all entries, and compares it with the checkpoint's.
func readEntries(ctx context.Context, files fetcher, size uint64, root []byte) (uint64, error) {
	tree := (&compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}).NewEmptyRange(0)
	getSize := func(context.Context) (uint64, error) { return size, nil }
	for bundle, err := range client.EntryBundles(ctx, 2, getSize, files.ReadEntryBundle, 0, size) {
		if err != nil {
			return 0, err
		}
		var entries api.EntryBundle
		if err := entries.UnmarshalText(bundle.Data); err != nil {
			return 0, fmt.Errorf("bundle %d: %w", bundle.RangeInfo.Index, err)
		}
		if len(entries.Entries) < int(bundle.RangeInfo.N) {
			return 0, fmt.Errorf("bundle %d holds %d entries, not %d", bundle.RangeInfo.Index, len(entries.Entries), bundle.RangeInfo.N)
		}
		for _, entry := range entries.Entries[:bundle.RangeInfo.N] {
			if err := tree.Append(rfc6962.DefaultHasher.HashLeaf(entry), nil); err != nil {
				return 0, err
			}
		}
	}
	got := rfc6962.DefaultHasher.EmptyRoot()
	if size > 0 {
		var err error
		if got, err = tree.GetRootHash(nil); err != nil {
			return 0, err
		}
	}
	if !bytes.Equal(got, root) {
		return 0, fmt.Errorf("their root is %x, the checkpoint's %x", got, root)
	}
	return tree.End(), nil
}

// rootAt is the root that the tree had at a smaller size. A tile is asked for in the width that it has now: not every
// size was published.
func rootAt(ctx context.Context, files fetcher, first, size uint64) ([]byte, error) {
	readTile := func(ctx context.Context, level, index uint64, _ uint8) ([]byte, error) {
		return files.ReadTile(ctx, level, index, layout.PartialTileSize(level, index, size))
	}
	nodes, err := client.FetchRangeNodes(ctx, first, readTile)
	if err != nil {
		return nil, err
	}
	tree, err := (&compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}).NewRange(0, first, nodes)
	if err != nil {
		return nil, err
	}
	return tree.GetRootHash(nil)
}
