package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gocoreml/coreml/coreml"
)

// checkCmd is the verb check. It promises that "ok" means: the package gave what
// another program, coremltools or PyTorch, recorded for the same inputs, within the
// tolerance that the record itself states. The exit status is 1 when anything
// differs or cannot be compared, so that a loop over folders needs nothing else; a
// folder that cannot be read does not keep the others from being compared.
//
// The records are described in testdata/README.md at the root of the repository.
type checkCmd struct {
	Dirs         []string  `arg:"" name:"dir" help:"Folders with a package and cases.json, generation.json or both."`
	NoFusion     bool      `help:"Run every operation on its own."`
	JSON         bool      `help:"Print the results as one JSON object."`
	ComputeUnits unitsFlag `help:"Devices to use: all, cpu-only, cpu-and-gpu or cpu-and-neural-engine." default:"all" placeholder:"NAME"`
	engineFlags
}

// Help is printed by kong above the flags.
func (*checkCmd) Help() string {
	return `Examples:

    coreml check testdata/fixtures/llama-int4
    coreml check testdata/fixtures/* --arithmetic wide
    coreml check DIR --no-fusion`
}

// Run is called by kong.
//
// The arithmetic is the faithful one where none is named: it rounds where Core ML
// does, and the records are Core ML's or made to be like them.
func (c *checkCmd) Run(ctx context.Context, io *streams) error {
	k := &checker{cfg: *c.config(), out: io.out}
	if c.JSON {
		k.results = []comparisonJSON{}
	}
	k.cfg.NoFusion, k.cfg.ComputeUnits = c.NoFusion, coreml.ComputeUnits(c.ComputeUnits)
	if k.cfg.Arithmetic == coreml.ArithmeticDefault {
		k.cfg.Arithmetic = coreml.ArithmeticFaithful
	}
	for _, dir := range c.Dirs {
		if err := k.dir(ctx, dir); err != nil {
			// An interrupt is no failed comparison, and results that nobody can
			// read need not be computed.
			if ctx.Err() != nil || errors.Is(err, errOutput) {
				return err
			}
			k.failed++
			complain(io.err, fmt.Errorf("check %s: %w", dir, err))
			k.keep(comparisonJSON{Folder: dir, Error: explain(err)})
		}
	}
	var err error
	if c.JSON {
		err = printIndented(io.out, checkJSON{k.passed, k.failed, k.results})
	} else {
		_, err = fmt.Fprintf(io.out, "%d passed, %d failed\n", k.passed, k.failed)
	}
	if err != nil {
		return err
	}
	if k.failed > 0 {
		return errFailed
	}
	return nil
}

// dir compares everything that a folder has records for. An error means that
// the records could not be compared at all.
func (k *checker) dir(ctx context.Context, dir string) error {
	found := false
	for _, part := range []struct {
		file  string
		check func(context.Context, string) error
	}{{"cases.json", k.cases}, {"generation.json", k.generation}} {
		_, err := os.Lstat(filepath.Join(dir, part.file)) // a link that leads nowhere is no file that is missing
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return silentPath(err)
		}
		found = true
		if err := part.check(ctx, dir); err != nil {
			return fmt.Errorf("%s: %w", part.file, err)
		}
	}
	if !found {
		if _, err := os.Stat(dir); err != nil {
			return silentPath(err)
		}
		text := "neither cases.json nor generation.json lies there"
		if below := recordsBelow(dir); len(below) > 0 {
			text += fmt.Sprintf(", but in %s below it: name what to check, as in coreml check %s", nameList(below), filepath.Join(dir, below[0]))
		}
		return errors.New(text)
	}
	return nil
}

// recordsBelow lists the folders in dir that check could compare.
//
// It is for the message alone, and says nothing where it cannot look.
func recordsBelow(dir string) []string {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil
	}
	var found []string
	for _, e := range entries {
		for _, name := range []string{"cases.json", "generation.json"} {
			if info, err := os.Stat(filepath.Join(dir, e.Name(), name)); err == nil && info.Mode().IsRegular() {
				found = append(found, e.Name())
				break
			}
		}
	}
	return found
}

// silentPath leaves out the path of an error: whoever gets it names the folder.
//
// The name would come twice otherwise, and often in two forms.
func silentPath(err error) error {
	var e *fs.PathError
	if errors.As(err, &e) {
		return markedf(e.Err, "%s", why(e.Err))
	}
	return err
}
