// check-proofs reads proofs that were made elsewhere, one JSON object a line of standard input, and answers each with
// a line: empty if it holds, else what does not. C2SP tlog-proofs are read by transparency-dev/formats and written again,
// their checkpoints opened by golang.org/x/mod/sumdb/note; the hashes are followed by golang.org/x/mod/sumdb/tlog and by
// transparency-dev/merkle, which must agree.
package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/transparency-dev/formats/log"
	tlogproof "github.com/transparency-dev/formats/proof"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// claim is one line of the input: an entry with its tlog-proof, or two checkpoints with the proof between them.
type claim struct {
	Vkey string `json:"vkey"`

	Proof string `json:"proof"`
	Entry []byte `json:"entry"`

	First  string   `json:"first"`
	Second string   `json:"second"`
	Hashes [][]byte `json:"hashes"`
}

func main() {
	input := bufio.NewReader(os.Stdin)
	for {
		line, err := input.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return
		}
		var c claim
		if err == nil {
			err = json.Unmarshal(line, &c)
		}
		if err != nil {
			fmt.Fprintf(os.Stderr, "check-proofs: %v\n", err)
			os.Exit(1)
		}
		answer := ""
		if err := c.check(); err != nil {
			answer = strings.ReplaceAll(err.Error(), "\n", " ")
		}
		fmt.Println(answer)
	}
}

func (c claim) check() error {
	verifier, err := note.NewVerifier(c.Vkey)
	if err != nil {
		return err
	}
	if c.Proof != "" {
		return checkInclusion(verifier, c.Proof, c.Entry)
	}
	return checkConsistency(verifier, c.First, c.Second, c.Hashes)
}

func checkInclusion(verifier note.Verifier, text string, entry []byte) error {
	var p tlogproof.TLogProof
	if err := p.Unmarshal([]byte(text)); err != nil {
		return err
	}
	if again := p.Marshal(); !bytes.Equal(again, []byte(text)) {
		return fmt.Errorf("it would be written as %q", again)
	}
	tree, _, _, err := log.ParseCheckpoint(p.Checkpoint, verifier.Name(), verifier)
	if err != nil {
		return err
	}
	hashes := make([][]byte, len(p.Hashes))
	record := make(tlog.RecordProof, len(p.Hashes))
	for i, hash := range p.Hashes {
		hashes[i], record[i] = hash[:], hash
	}
	leaf := tlog.RecordHash(entry)
	return agree(
		tlog.CheckRecord(record, int64(tree.Size), tlog.Hash(tree.Hash), int64(p.Index), leaf),
		proof.VerifyInclusion(rfc6962.DefaultHasher, p.Index, tree.Size, leaf[:], hashes, tree.Hash),
	)
}

func checkConsistency(verifier note.Verifier, first, second string, hashes [][]byte) error {
	one, _, _, err := log.ParseCheckpoint([]byte(first), verifier.Name(), verifier)
	if err != nil {
		return err
	}
	two, _, _, err := log.ParseCheckpoint([]byte(second), verifier.Name(), verifier)
	if err != nil {
		return err
	}
	tree := make(tlog.TreeProof, len(hashes))
	for i, hash := range hashes {
		if len(hash) != tlog.HashSize {
			return fmt.Errorf("hash %d has %d bytes", i, len(hash))
		}
		tree[i] = tlog.Hash(hash)
	}
	merkle := proof.VerifyConsistency(rfc6962.DefaultHasher, one.Size, two.Size, hashes, one.Hash, two.Hash)
	// To tlog there is no proof that starts at no entries.
	if one.Size == 0 {
		return merkle
	}
	return agree(tlog.CheckTree(tree, int64(two.Size), tlog.Hash(two.Hash), int64(one.Size), tlog.Hash(one.Hash)), merkle)
}

// agree is the first failure, and one of its own if only one of the two libraries found any.
func agree(byTlog, byMerkle error) error {
	if (byTlog == nil) != (byMerkle == nil) {
		return fmt.Errorf("tlog says %v, merkle says %v", byTlog, byMerkle)
	}
	return byTlog
}
