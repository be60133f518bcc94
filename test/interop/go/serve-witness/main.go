// serve-witness is a small witness (C2SP tlog-witness) of one log, on transparency-dev's formats and merkle and
// golang.org/x/mod/sumdb/note: it cosigns a checkpoint that continues what it cosigned before, and remembers that in
// memory. Prints its URL once it listens.
package main

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"

	"github.com/transparency-dev/formats/log"
	f_note "github.com/transparency-dev/formats/note"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"
)

const maxRequestBytes = 16 << 10

func main() {
	skey := flag.String("skey", "", "the witness's signing key")
	vkey := flag.String("log", "", "the verification key of the log that it watches")
	flag.Parse()
	if err := serve(*skey, *vkey); err != nil {
		fmt.Fprintf(os.Stderr, "serve-witness: %v\n", err)
		os.Exit(1)
	}
}

func serve(skey, vkey string) error {
	signer, err := f_note.NewSignerForCosignatureV1(skey)
	if err != nil {
		return err
	}
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("http://%s\n", listener.Addr())
	w := &witness{signer: signer, log: verifier}
	http.HandleFunc("POST /add-checkpoint", w.addCheckpoint)
	return http.Serve(listener, nil)
}

type witness struct {
	signer note.Signer
	log    note.Verifier

	mu     sync.Mutex
	latest log.Checkpoint
}

func (w *witness) addCheckpoint(response http.ResponseWriter, request *http.Request) {
	oldSize, hashes, checkpoint, err := readRequest(http.MaxBytesReader(response, request.Body, maxRequestBytes))
	if err != nil {
		http.Error(response, err.Error(), http.StatusBadRequest)
		return
	}
	if origin, _, _ := bytes.Cut(checkpoint, []byte("\n")); string(origin) != w.log.Name() {
		http.Error(response, "unknown log", http.StatusNotFound)
		return
	}
	next, _, opened, err := log.ParseCheckpoint(checkpoint, w.log.Name(), w.log)
	if err != nil {
		http.Error(response, err.Error(), http.StatusForbidden)
		return
	}
	if oldSize > next.Size {
		http.Error(response, "old is larger than the checkpoint", http.StatusBadRequest)
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if oldSize != w.latest.Size {
		response.Header().Set("Content-Type", "text/x.tlog.size")
		response.WriteHeader(http.StatusConflict)
		fmt.Fprintf(response, "%d\n", w.latest.Size)
		return
	}
	if oldSize > 0 {
		if err := proof.VerifyConsistency(rfc6962.DefaultHasher, oldSize, next.Size, hashes, w.latest.Hash, next.Hash); err != nil {
			http.Error(response, err.Error(), http.StatusUnprocessableEntity)
			return
		}
	} else if len(hashes) > 0 {
		http.Error(response, "a proof from nothing", http.StatusUnprocessableEntity)
		return
	}
	signed, err := note.Sign(&note.Note{Text: opened.Text}, w.signer)
	if err != nil {
		http.Error(response, err.Error(), http.StatusInternalServerError)
		return
	}
	w.latest = *next
	_, _ = response.Write(signed[len(opened.Text)+1:])
}

// readRequest reads "old <size>", the hashes of the proof, an empty line and the checkpoint.
func readRequest(body io.Reader) (uint64, [][]byte, []byte, error) {
	input := bufio.NewReader(body)
	line := func() (string, error) {
		text, err := input.ReadString('\n')
		return strings.TrimSuffix(text, "\n"), err
	}
	first, err := line()
	if err != nil {
		return 0, nil, nil, err
	}
	oldText, ok := strings.CutPrefix(first, "old ")
	oldSize, err := strconv.ParseUint(oldText, 10, 64)
	if !ok || err != nil {
		return 0, nil, nil, fmt.Errorf("not an old size: %q", first)
	}
	var hashes [][]byte
	for {
		text, err := line()
		if err != nil {
			return 0, nil, nil, err
		}
		if text == "" {
			break
		}
		hash, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return 0, nil, nil, err
		}
		hashes = append(hashes, hash)
	}
	checkpoint, err := io.ReadAll(input)
	return oldSize, hashes, checkpoint, err
}
