package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/gocoreml/coreml/coreml/compress"
	"github.com/gocoreml/coreml/internal/storage"
)

// compressCmd is the verb compress. It promises a package with the same functions and
// smaller weights, and that codes, scales and masks are those of coremltools. Nothing
// that exists is overwritten, and what could not be finished is removed.
type compressCmd struct {
	In  string `arg:"" name:"package" help:"The package whose weights are compressed."`
	Out string `arg:"" name:"out" help:"The package to make; nothing may lie there yet."`

	Quantize        []orderedText `sep:"none" help:"Store weights as codes with scales." placeholder:"FORM"`
	Palettize       []orderedText `sep:"none" help:"Store weights as indices into palettes." placeholder:"FORM"`
	Prune           []orderedText `sep:"none" help:"Set weights to zero and do not store them." placeholder:"FORM"`
	Config          []orderedText `sep:"none" help:"Choose forms by operation as the file says: an OptimizationConfig of coremltools, as JSON or YAML." placeholder:"FILE"`
	Decompress      bool          `help:"Store all weights as numbers again, before anything else."`
	WeightThreshold int           `help:"Leave weights of so few elements as they are; files of --config have their own." default:"2048" placeholder:"N"`
	Threads         int           `help:"Most threads to use; 0 means as many as there are cores." default:"0" placeholder:"N"`
	JSON            bool          `help:"Print what became of each weight as one JSON object."`
	Quiet           bool          `short:"q" help:"Do not tell what was made."`
}

// orderedText is the value of a flag that knows its place among all such flags.
type orderedText struct {
	text  string
	place int64
}

// valuesRead counts the values that have been read. Only their order counts.
var valuesRead atomic.Int64

// UnmarshalText is called by kong, in the order of the arguments.
func (o *orderedText) UnmarshalText(text []byte) error {
	o.text, o.place = string(text), valuesRead.Add(1)
	return nil
}

// Help is printed by kong above the flags.
func (*compressCmd) Help() string {
	return `--quantize, --palettize, --prune and --config may be given several times and together: they are done in the order in which they stand. A FORM is one of

` + indent(compress.FormHelp(), "    ") + `

and several joined by "+" are done at once.

Examples:

    coreml compress Model.mlpackage Small.mlpackage --quantize int4:block=32
    coreml compress Model.mlpackage Small.mlpackage --palettize lut4:group=16
    coreml compress Model.mlpackage Small.mlpackage --prune 0.5 --quantize int8
    coreml compress Model.mlpackage Small.mlpackage --config config.yaml
    coreml compress Small.mlpackage Model.mlpackage --decompress`
}

// indent puts text before each line.
func indent(text, by string) string { return by + strings.ReplaceAll(text, "\n", "\n"+by) }

// Validate is called by kong.
func (c *compressCmd) Validate() error {
	if err := atLeast("--threads", c.Threads, 0, "as many as there are cores"); err != nil {
		return err
	}
	return atLeast("--weight-threshold", c.WeightThreshold, 0, "all weights")
}

// flagged is a step as it was asked for.
type flagged struct {
	orderedText
	flag string
}

// config reads what the flags say.
func (c *compressCmd) config() (*compress.Config, error) {
	var list []flagged
	for _, f := range []struct {
		flag   string
		values []orderedText
	}{{"--quantize", c.Quantize}, {"--palettize", c.Palettize}, {"--prune", c.Prune}, {"--config", c.Config}} {
		for _, v := range f.values {
			list = append(list, flagged{v, f.flag})
		}
	}
	slices.SortFunc(list, func(a, b flagged) int { return int(a.place - b.place) })
	cfg := &compress.Config{Threads: c.Threads}
	if c.Decompress {
		cfg.Steps = append(cfg.Steps, compress.Step{Decompress: true})
	}
	for _, f := range list {
		s, err := c.step(f)
		if err != nil {
			return nil, err
		}
		cfg.Steps = append(cfg.Steps, *s)
	}
	if len(cfg.Steps) == 0 {
		return nil, usagef("nothing is to be done: give --quantize, --palettize, --prune, --config or --decompress")
	}
	return cfg, nil
}

// step reads one of the flags.
func (c *compressCmd) step(f flagged) (*compress.Step, error) {
	if f.flag == "--config" {
		return readConfig(f.text)
	}
	form := f.text
	if f.flag == "--prune" && !strings.HasPrefix(form, "prune:") {
		form = "prune:" + form // --prune 0.5
	}
	kind := map[string]string{"--quantize": "int4, uint4, int8 or uint8", "--palettize": "lut", "--prune": "prune"}[f.flag]
	if f.flag == "--palettize" && !strings.HasPrefix(form, "lut") {
		return nil, usagef("%s is %s: a palette's form begins with %s, as in lut4:group=16", f.flag, quoted(form), kind)
	}
	if f.flag == "--quantize" && strings.HasPrefix(form, "prune") {
		return nil, usagef("%s is %s: a form of codes begins with %s", f.flag, quoted(form), kind)
	}
	return &compress.Step{Global: &compress.Op{Form: form, WeightThreshold: &c.WeightThreshold}}, nil
}

// maxConfigFile is the largest file that --config reads.
const maxConfigFile = 16 << 20

// readConfig reads a configuration: JSON is YAML too.
func readConfig(name string) (*compress.Step, error) {
	f, err := storage.Open(name)
	if err != nil {
		return nil, fmt.Errorf("--config %s: %w", quoted(name), err)
	}
	data, err := io.ReadAll(io.LimitReader(f, maxConfigFile+1))
	err = errors.Join(err, f.Close())
	if err == nil && len(data) > maxConfigFile {
		err = fmt.Errorf("a configuration has at most %d bytes", maxConfigFile)
	}
	if err == nil && strings.ToLower(filepath.Ext(name)) != ".json" {
		data, err = yamlToJSON(data)
	}
	if err != nil {
		return nil, fmt.Errorf("--config %s: %w", quoted(name), err)
	}
	s, err := compress.ParseConfig(data)
	if err != nil {
		return nil, fmt.Errorf("--config %s: %w", quoted(name), err)
	}
	return s, nil
}

// Run is called by kong.
func (c *compressCmd) Run(ctx context.Context, s *streams) error {
	cfg, err := c.config()
	if err != nil {
		return err
	}
	in, err := packagePath(c.In)
	if err != nil {
		return err
	}
	start := time.Now()
	progress := newGauge(s, c.Quiet)
	cfg.Progress = func(p compress.Progress) { progress.show("compress", p.Done, p.Total) }
	var report *compress.Report
	err = inFolder(c.Out, func() error {
		report, err = compress.Compress(ctx, in, c.Out, cfg)
		return err
	})
	progress.clear()
	if err != nil {
		return c.explain(err)
	}
	if c.JSON {
		if err := printIndented(s.out, compressReport(report)); err != nil {
			return err
		}
	}
	if c.Quiet {
		return nil
	}
	size, err := folderSize(c.Out)
	if err != nil {
		return err
	}
	done, skipped := 0, 0
	for _, w := range report.Weights {
		if len(w.Form) > 0 {
			done++
		} else {
			skipped++
		}
	}
	_, err = fmt.Fprintf(s.err, "%s: %d weights, %s to %s, the package %s, in %s\n", plain(c.Out), done,
		bytesText(report.Before), bytesText(report.After), bytesText(size), duration(time.Since(start)))
	if err == nil && skipped > 0 {
		_, err = fmt.Fprintf(s.err, "%d weights are as they were, because the form does not fit them; --json says why\n", skipped)
	}
	return err
}

// explain makes a message of what went wrong.
func (c *compressCmd) explain(err error) error {
	switch {
	case errors.Is(err, compress.ErrConfig):
		return usagef("%s", plain(err.Error()))
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("%s exists, and nothing is overwritten%w", quoted(c.Out), silent{err})
	default:
		return fmt.Errorf("compress %s: %w", plain(c.In), err)
	}
}

// compressJSON is the object of --json.
type compressJSON struct {
	Before  int64        `json:"bytesBefore"`
	After   int64        `json:"bytesAfter"`
	Weights []weightJSON `json:"weights"`
}

// weightJSON is a weight in it.
type weightJSON struct {
	Function string   `json:"function"`
	Name     string   `json:"name"`
	Shape    []int    `json:"shape"`
	Form     []string `json:"form"`
	Skipped  string   `json:"skipped,omitempty"`
	Shared   bool     `json:"shared,omitempty"`
	Before   int64    `json:"bytesBefore"`
	After    int64    `json:"bytesAfter"`
	Largest  float64  `json:"largestError"`
	RMS      float64  `json:"rmsError"`
}

func compressReport(r *compress.Report) *compressJSON {
	out := &compressJSON{Before: r.Before, After: r.After, Weights: []weightJSON{}}
	for _, w := range r.Weights {
		out.Weights = append(out.Weights, weightJSON{
			Function: w.Function, Name: w.Name, Shape: orEmpty(w.Shape), Form: orEmpty(w.Form), Skipped: w.Skipped, Shared: w.Shared,
			Before: w.Before, After: w.After, Largest: w.Largest, RMS: w.RMS,
		})
	}
	return out
}

// yamlToJSON writes a document of YAML as JSON. Keys that are no texts are refused.
func yamlToJSON(data []byte) ([]byte, error) {
	var v any
	if err := yaml.Unmarshal(data, &v); err != nil {
		return nil, err
	}
	return json.Marshal(v)
}
