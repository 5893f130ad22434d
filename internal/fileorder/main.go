// Command fileorder says, for each package, in which order its files can be read,
// and how much runs against that order: references from a file to one that comes
// after it. In a package that is layered well there are few.
//
//	go run ./internal/fileorder ./internal/... ./generate
//	go run ./internal/fileorder -v ./tokenizer
//
// A reference is a file's use of a definition of another file of the same
// package, as go/types sees it; uses of the same definition by the same file count
// once. Test files are left out. The order is the best that a search finds, so
// that a count is never too low, and is seldom too high.
//
// The target order of the Makefile runs it over the whole workspace. The go
// command must be in the path.
package main

import (
	"flag"
	"fmt"
	"os"
)

// main exits with status 2 when the packages cannot be loaded.
func main() {
	verbose := flag.Bool("v", false, "print each package's order, and the references against it")
	limit := flag.Int("max", 0, "exit with status 1 when a package has more references against its order than this; 0: any number")
	flag.Parse()
	pkgs, err := load(flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, "fileorder:", err)
		os.Exit(2)
	}
	// Every package is printed before the command fails, so that one run shows
	// all.
	failed := false
	for _, p := range pkgs {
		up := p.upward()
		fmt.Printf("%4d of %4d references, %3d files  %s\n", len(up), len(p.refs), len(p.files), p.path)
		if *verbose {
			p.print(os.Stdout, up)
		}
		failed = failed || *limit > 0 && len(up) > *limit
	}
	if failed {
		fmt.Fprintf(os.Stderr, "fileorder: a package has more than %d references against the order of its files\n", *limit)
		os.Exit(1)
	}
}
