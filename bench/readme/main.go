// Command readme writes what bench/peers measured as tables in Markdown, in a file
// between the lines `<!-- peers: begin -->` and `<!-- peers: end -->`:
//
//	readme -peers .cache/peers/results.jsonl docs/performance.md
//
// With -block NAME the lines are `<!-- peers NAME: begin -->` and its end, so that a page
// can show several machines, each measured by itself.
//
// Without a file it prints them. So nobody types a figure: each is a median of rounds
// that the file of results holds, and what was not measured has no row.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"

	"github.com/gocoreml/coreml/bench/internal/results"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintf(os.Stderr, "readme: %v\n", err)
		os.Exit(1)
	}
}

func run() error {
	peers := flag.String("peers", ".cache/peers/results.jsonl", "the lines that peers -save wrote")
	block := flag.String("block", "", "the name in the two lines, for one machine of several")
	flag.Parse()
	records, err := results.Read(*peers)
	if err != nil {
		return err
	}
	if len(records) == 0 {
		return fmt.Errorf("%s holds no record", *peers)
	}
	text := markdown(records)
	if flag.NArg() == 0 {
		_, err := fmt.Print(text)
		return err
	}
	for _, path := range flag.Args() {
		if err := update(path, marks(*block), text); err != nil {
			return err
		}
	}
	return nil
}

// between is what text lies between.
type between struct{ begin, end string }

// marks returns the two lines of a block.
func marks(block string) between {
	name := strings.TrimSpace("peers " + block)
	return between{"<!-- " + name + ": begin -->\n", "<!-- " + name + ": end -->\n"}
}

// update replaces what lies between the two lines in a file.
func update(path string, lines between, text string) error {
	old, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	now, err := lines.replace(string(old), text)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return os.WriteFile(path, []byte(now), 0o644)
}

func (l between) replace(page, text string) (string, error) {
	before, rest, ok := strings.Cut(page, l.begin)
	_, after, closed := strings.Cut(rest, l.end)
	if !ok || !closed {
		return "", errors.New("the lines of begin and end are not there, in this order")
	}
	return before + l.begin + text + l.end + after, nil
}
