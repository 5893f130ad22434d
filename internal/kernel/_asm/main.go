// Command _asm writes the kernels' assembly, its declarations and the table of its
// arguments: go run . [-out DIRECTORY]. The make target is generate.
//
// Package asm is the frame, packages amd64 and arm64 are an assembler and the kernels
// for each architecture, and package kind has the words that both share.
//
// A count of rows or vectors is a parameter of the function that writes a kernel: one
// more of them is one more in the loop that calls it, which also adds the kernel to
// the Go function that chooses. An instruction set that needs other instructions has
// a file of its own beside the family's (fast.go and fast_avx512.go), and shares its
// signatures, registers and orders of inputs (codes.go and order.go). An instruction
// that is not there yet is one line in amd64/instructions.go, or one with the fields
// of the manual in arm64/vector.go, whose test names the file that has to know its
// encoding.
package main

import (
	"flag"
	"fmt"
	"os"
	"slices"

	"github.com/gocoreml/coreml/internal/kernel/_asm/amd64"
	"github.com/gocoreml/coreml/internal/kernel/_asm/arm64"
)

func main() {
	out := flag.String("out", "..", "the `directory` to write to")
	flag.Parse()
	if err := write(*out); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// write writes all files to the directory.
func write(dir string) error {
	for _, f := range slices.Concat(amd64.Files(), arm64.Files()) {
		if err := f.Write(dir); err != nil {
			return err
		}
	}
	return nil
}
