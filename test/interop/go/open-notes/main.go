// open-notes opens signed notes with golang.org/x/mod/sumdb/note and reads the checkpoints in them, and the cosignatures
// of the witnesses that the question names, with transparency-dev/formats. Each line of standard input is a JSON object; it is answered with one, whose members are
// absent where the note or the checkpoint was refused.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/transparency-dev/formats/log"
	f_note "github.com/transparency-dev/formats/note"
	"golang.org/x/mod/sumdb/note"
)

type question struct {
	Vkey string `json:"vkey"`
	Note []byte `json:"note"`
	// Witnesses are verification keys of witnesses.
	Witnesses []string `json:"witnesses"`
}

type answer struct {
	// Note is what was read of the note; absent if it is not one that the key signed.
	Note *readNote `json:"note,omitempty"`
	// Checkpoint is what was read of its text; absent if that is no checkpoint of the key's log.
	Checkpoint *readCheckpoint `json:"checkpoint,omitempty"`
	// Cosigned has the witnesses whose cosignature is good, and when they signed, in seconds.
	Cosigned map[string]int64 `json:"cosigned,omitempty"`
}

type readNote struct {
	Text     string `json:"text"`
	Verified int    `json:"verified"`
	Unknown  int    `json:"unknown"`
}

type readCheckpoint struct {
	Size uint64 `json:"size"`
	Root []byte `json:"root"`
}

func main() {
	input := bufio.NewReader(os.Stdin)
	output := json.NewEncoder(os.Stdout)
	for {
		line, err := input.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return
		}
		var q question
		if err == nil {
			err = json.Unmarshal(line, &q)
		}
		if err == nil {
			err = output.Encode(q.answer())
		}
		if err != nil {
			fmt.Fprintf(os.Stderr, "open-notes: %v\n", err)
			os.Exit(1)
		}
	}
}

func (q question) answer() answer {
	var a answer
	verifier, err := note.NewVerifier(q.Vkey)
	if err != nil {
		return a
	}
	opened, err := note.Open(q.Note, note.VerifierList(verifier))
	if err != nil {
		return a
	}
	a.Note = &readNote{Text: opened.Text, Verified: len(opened.Sigs), Unknown: len(opened.UnverifiedSigs)}
	checkpoint, _, _, err := log.ParseCheckpoint(q.Note, verifier.Name(), verifier)
	if err != nil {
		return a
	}
	a.Checkpoint = &readCheckpoint{Size: checkpoint.Size, Root: checkpoint.Hash}
	a.Cosigned = cosignedBy(q.Note, q.Witnesses)
	return a
}

// cosignedBy opens the note with nothing but the witnesses' keys; nobody, if any of their cosignatures is bad.
func cosignedBy(message []byte, vkeys []string) map[string]int64 {
	var witnesses []note.Verifier
	for _, vkey := range vkeys {
		witness, err := f_note.NewVerifierForCosignatureV1(vkey)
		if err != nil {
			return nil
		}
		witnesses = append(witnesses, witness)
	}
	opened, err := note.Open(message, note.VerifierList(witnesses...))
	if err != nil {
		return nil
	}
	cosigned := map[string]int64{}
	for _, signature := range opened.Sigs {
		if at, err := f_note.CoSigV1Timestamp(signature); err == nil {
			cosigned[signature.Name] = at.Unix()
		}
	}
	return cosigned
}
