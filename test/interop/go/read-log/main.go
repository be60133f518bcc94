// read-log reads a whole log with golang.org/x/mod/sumdb/note and tlog, and nothing of anybody else: the checkpoint's
// signature, every tile up to its root, every entry against its leaf, and proofs of entries and of earlier sizes, which
// it makes, checks and prints. Exits with 1 at the first thing that does not hold.
package main

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"flag"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
	"spanledger.example/interop/internal/logfile"
	"spanledger.example/interop/internal/picks"
)

const tileWidth = 256

func main() {
	prefix := flag.String("url", "", "the log's prefix, file:// or http://")
	vkey := flag.String("vkey", "", "the log's verification key")
	random := flag.Int("random", 20, "how many random entries and sizes to prove besides those at borders")
	flag.Parse()
	if err := run(*prefix, *vkey, *random); err != nil {
		fmt.Fprintf(os.Stderr, "read-log: %v\n", err)
		os.Exit(1)
	}
}

func run(prefix, vkey string, random int) error {
	source, err := logfile.New(prefix)
	if err != nil {
		return err
	}
	origin, tree, err := openCheckpoint(source, vkey)
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	report := picks.Report{
		Origin: origin, Size: uint64(tree.N), Root: tree.Hash[:],
		Inclusion: []picks.Inclusion{}, Consistency: []picks.Consistency{},
	}
	// tlog has no hash for a tree without entries' tiles to come from, only for the tree itself.
	if tree.N == 0 {
		if empty, err := tlog.TreeHash(0, nil); err != nil || empty != tree.Hash {
			return fmt.Errorf("the root of no entries is %v, not %v (%v)", empty, tree.Hash, err)
		}
		return report.Print()
	}
	hashes := tlog.TileHashReader(tree, &tiles{source: source, known: map[tlog.Tile][]byte{}})
	if report.Entries, err = readEntries(source, tree, hashes); err != nil {
		return fmt.Errorf("entries: %w", err)
	}
	if report.Inclusion, err = proveEntries(tree, hashes, random); err != nil {
		return fmt.Errorf("inclusion: %w", err)
	}
	if report.Consistency, err = proveSizes(tree, hashes, random); err != nil {
		return fmt.Errorf("consistency: %w", err)
	}
	return report.Print()
}

// openCheckpoint opens the signed note and reads the tree out of it.
func openCheckpoint(source *logfile.Source, vkey string) (string, tlog.Tree, error) {
	verifier, err := note.NewVerifier(strings.TrimSpace(vkey))
	if err != nil {
		return "", tlog.Tree{}, err
	}
	message, err := source.Read("checkpoint")
	if err != nil {
		return "", tlog.Tree{}, err
	}
	opened, err := note.Open(message, note.VerifierList(verifier))
	if err != nil {
		return "", tlog.Tree{}, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) < 4 || lines[0] != verifier.Name() {
		return "", tlog.Tree{}, fmt.Errorf("not a checkpoint of %s: %q", verifier.Name(), opened.Text)
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil || size < 0 {
		return "", tlog.Tree{}, fmt.Errorf("not a size: %q", lines[1])
	}
	root, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return "", tlog.Tree{}, fmt.Errorf("not a root: %q", lines[2])
	}
	return lines[0], tlog.Tree{N: size, Hash: tlog.Hash(root)}, nil
}

// readEntries compares every entry of every bundle with its leaf, which the hash reader holds to the root.
func readEntries(source *logfile.Source, tree tlog.Tree, hashes tlog.HashReader) (uint64, error) {
	read := int64(0)
	for n := int64(0); n*tileWidth < tree.N; n++ {
		width := min(tileWidth, tree.N-n*tileWidth)
		bundle, err := readWithFallback(source, "tile/entries/"+place(n, int(width)), "tile/entries/"+place(n, tileWidth))
		if err != nil {
			return 0, err
		}
		indexes := make([]int64, width)
		for i := range indexes {
			indexes[i] = tlog.StoredHashIndex(0, n*tileWidth+int64(i))
		}
		leaves, err := hashes.ReadHashes(indexes)
		if err != nil {
			return 0, err
		}
		for i, leaf := range leaves {
			if len(bundle) < 2 || len(bundle)-2 < int(binary.BigEndian.Uint16(bundle)) {
				return 0, fmt.Errorf("bundle %d ends in entry %d", n, i)
			}
			length := 2 + int(binary.BigEndian.Uint16(bundle))
			if got := tlog.RecordHash(bundle[2:length]); got != leaf {
				return 0, fmt.Errorf("entry %d has the hash %v, its leaf is %v", read, got, leaf)
			}
			bundle = bundle[length:]
			read++
		}
		if width == tileWidth && len(bundle) > 0 {
			return 0, fmt.Errorf("%d bytes follow bundle %d", len(bundle), n)
		}
	}
	return uint64(read), nil
}

func proveEntries(tree tlog.Tree, hashes tlog.HashReader, random int) ([]picks.Inclusion, error) {
	proofs := []picks.Inclusion{}
	for _, index := range picks.Below(uint64(tree.N), random) {
		leaves, err := hashes.ReadHashes([]int64{tlog.StoredHashIndex(0, int64(index))})
		if err != nil {
			return nil, err
		}
		proof, err := tlog.ProveRecord(tree.N, int64(index), hashes)
		if err != nil {
			return nil, err
		}
		if err := tlog.CheckRecord(proof, tree.N, tree.Hash, int64(index), leaves[0]); err != nil {
			return nil, fmt.Errorf("entry %d: %w", index, err)
		}
		proofs = append(proofs, picks.Inclusion{Index: index, Leaf: leaves[0][:], Hashes: toBytes(proof)})
	}
	return proofs, nil
}

func proveSizes(tree tlog.Tree, hashes tlog.HashReader, random int) ([]picks.Consistency, error) {
	proofs := []picks.Consistency{}
	for _, below := range picks.Below(uint64(tree.N), random) {
		first := int64(below) + 1
		root, err := tlog.TreeHash(first, hashes)
		if err != nil {
			return nil, err
		}
		proof, err := tlog.ProveTree(tree.N, first, hashes)
		if err != nil {
			return nil, err
		}
		if err := tlog.CheckTree(proof, tree.N, tree.Hash, first, root); err != nil {
			return nil, fmt.Errorf("size %d: %w", first, err)
		}
		proofs = append(proofs, picks.Consistency{First: uint64(first), Root: root[:], Hashes: toBytes(proof)})
	}
	return proofs, nil
}

// tiles reads tiles of 256 hashes, whose paths are tlog's without the height.
type tiles struct {
	source *logfile.Source
	known  map[tlog.Tile][]byte
}

func (*tiles) Height() int { return 8 }

func (t *tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(wanted))
	for i, tile := range wanted {
		if known, ok := t.known[tile]; ok {
			data[i] = known
			continue
		}
		path := func(width int) string { return fmt.Sprintf("tile/%d/%s", tile.L, place(tile.N, width)) }
		bytes, err := readWithFallback(t.source, path(tile.W), path(tileWidth))
		if err != nil {
			return nil, err
		}
		if tile.W < tileWidth && len(bytes) == tileWidth*tlog.HashSize {
			bytes = bytes[:tile.W*tlog.HashSize]
		}
		data[i] = bytes
	}
	return data, nil
}

func (t *tiles) SaveTiles(saved []tlog.Tile, data [][]byte) {
	for i, tile := range saved {
		t.known[tile] = data[i]
	}
}

// readWithFallback reads a partial file, or the full one that has taken its place.
func readWithFallback(source *logfile.Source, path, full string) ([]byte, error) {
	bytes, err := source.Read(path)
	if errors.Is(err, os.ErrNotExist) && path != full {
		return source.Read(full)
	}
	return bytes, err
}

// place is how tlog writes a tile's number and width: tile/8/0/x001/234.p/5.
func place(n int64, width int) string {
	return strings.TrimPrefix(tlog.Tile{H: 8, L: 0, N: n, W: width}.Path(), "tile/8/0/")
}

func toBytes(hashes []tlog.Hash) [][]byte {
	bytes := make([][]byte, len(hashes))
	for i, hash := range hashes {
		bytes[i] = hash[:]
	}
	return bytes
}
