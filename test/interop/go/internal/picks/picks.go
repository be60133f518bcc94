// Package picks chooses the entries and sizes that a log is probed at, and holds what both readers print of them.
package picks

import (
	"encoding/json"
	"math/rand/v2"
	"os"
	"slices"
)

// Inclusion proves one entry in the tree of the report's size.
type Inclusion struct {
	Index  uint64   `json:"index"`
	Leaf   []byte   `json:"leaf"`
	Hashes [][]byte `json:"hashes"`
}

// Consistency proves that the tree of the report's size continues a smaller one.
type Consistency struct {
	First  uint64   `json:"first"`
	Root   []byte   `json:"root"`
	Hashes [][]byte `json:"hashes"`
}

// Report is what a reader prints of a log in which it found nothing wrong.
type Report struct {
	Origin      string        `json:"origin"`
	Size        uint64        `json:"size"`
	Root        []byte        `json:"root"`
	Entries     uint64        `json:"entries"`
	Inclusion   []Inclusion   `json:"inclusion"`
	Consistency []Consistency `json:"consistency"`
}

// Print writes the report to standard output, as JSON.
func (r Report) Print() error {
	return json.NewEncoder(os.Stdout).Encode(r)
}

// Below returns numbers from 0 to limit-1: those beside the borders of tiles and of powers of two, and as many random
// ones as asked for.
func Below(limit uint64, random int) []uint64 {
	if limit == 0 {
		return nil
	}
	numbers := []uint64{0, limit - 1}
	for border := uint64(1); border <= limit; border *= 2 {
		numbers = append(numbers, border-1, border, border+1)
	}
	for _, border := range []uint64{limit / 2, limit / 256 * 256, limit / 65536 * 65536} {
		numbers = append(numbers, border-1, border, border+1)
	}
	for range random {
		numbers = append(numbers, rand.Uint64N(limit))
	}
	numbers = slices.DeleteFunc(numbers, func(n uint64) bool { return n >= limit })
	slices.Sort(numbers)
	return slices.Compact(numbers)
}
