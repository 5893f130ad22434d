// Command _asm writes the kernels' assembly, its declarations and the table of its
// arguments: go run . [-out DIRECTORY]. CONTRIBUTING.md has the make target.
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
	for _, f := range slices.Concat(amd64.Files(), arm64.Files()) {
		if err := f.Write(*out); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}
