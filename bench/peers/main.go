// Command peers measures this project and another program in turns, on the same
// weights and the same tokens, and prints medians and their ratios:
//
//	peers -dir .cache/peers -rounds 5 -threads 1,2 smollm2-135m mistral-7b
//
// The other program is llama.cpp, or what -run names: a command that prints JSON of
// the same form as `coreml bench --json` on its last line. bench/prepare.sh and
// bench/gopeer.sh make ready what it runs. Only figures of one table compare,
// and only on a machine that does nothing else: see bench/README.md.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintf(os.Stderr, "peers: %v\n", err)
		os.Exit(1)
	}
}

// options are the flags.
//
// They are the same for both programs as far as both have them.
type options struct {
	coreml, dir, prefill, decode, arithmetic, save string
	peer, run                                      string
	tokens, rounds, chunk                          int
}

// run measures model after model. Each table is printed as soon as it is complete,
// since the next may take an hour.
func run(ctx context.Context) error {
	var o options
	flag.StringVar(&o.coreml, "coreml", "bin/coreml", "the command of this project")
	flag.StringVar(&o.dir, "dir", ".cache/peers", "the folder that prepare.sh filled")
	flag.StringVar(&o.prefill, "prefill", "1,32,128,512", "lengths of prompts; the first token comes after the shortest")
	flag.StringVar(&o.decode, "decode", "0,512", "lengths of text before single tokens")
	flag.StringVar(&o.arithmetic, "arithmetic", "default", "this project's arithmetic")
	flag.StringVar(&o.save, "save", "", "a file to which the medians are added as JSON, for figure")
	flag.IntVar(&o.tokens, "tokens", 32, "single tokens per measurement")
	flag.IntVar(&o.rounds, "rounds", 5, "rounds, in each of which both run once")
	flag.IntVar(&o.chunk, "chunk", 0, "this project's tokens per prediction of a prompt")
	flag.StringVar(&o.peer, "peer", "llama.cpp", "what the table calls the other program")
	flag.StringVar(&o.run, "run", "", "the other program's command, with spaces between its words; {model}, {threads}, {prefill}, {decode} and {tokens} stand for what is measured")
	threads := flag.String("threads", "1,2", "numbers of threads")
	flag.Parse()
	if flag.NArg() == 0 || o.rounds < 1 {
		return errors.New("name a model, and at least one round")
	}
	if o.run != "" && len(strings.Fields(o.run)) == 0 {
		return errors.New("-run names no command")
	}
	// The figure has llama.cpp in its legend.
	if o.run != "" && o.save != "" {
		return errors.New("only measurements of llama.cpp are saved for figure")
	}
	// In the output, so that a table from a busy machine can be told from one that
	// counts.
	if load, err := os.ReadFile("/proc/loadavg"); err == nil {
		fmt.Printf("load average before: %s\n", strings.SplitN(string(load), " ", 2)[0])
	}
	for _, model := range flag.Args() {
		for n := range strings.SplitSeq(*threads, ",") {
			c := comparison{model: model, peerName: o.peer, threads: n}
			// Rounds are outermost: a machine that gets warm, and slower, does so
			// for both.
			for round := range o.rounds {
				if err := c.round(ctx, &o, round); err != nil {
					return err
				}
			}
			fmt.Print(c.table())
			if err := save(o.save, c.record()); err != nil {
				return err
			}
		}
	}
	return nil
}

// save adds a line to a file; no name means none.
func save(path string, r record) error {
	if path == "" {
		return nil
	}
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	// Appended and not rewritten: an interrupted series keeps what it has.
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(append(line, '\n'))
	return errors.Join(err, f.Close())
}

// round runs both once. Who begins changes from round to round, so that neither
// always finds the processor warm or the files in memory.
func (c *comparison) round(ctx context.Context, o *options, round int) error {
	own := func() error {
		// One round in each process. Loading is a measure too, and what a process
		// has learned must not help the next round.
		m, err := measure(ctx, nil, o.coreml, "bench", "--json", "--rounds=1", "--threads="+c.threads, "--prefill="+o.prefill,
			"--decode="+o.decode, fmt.Sprintf("--tokens=%d", o.tokens), "--arithmetic="+o.arithmetic,
			fmt.Sprintf("--prefill-chunk=%d", o.chunk), filepath.Join(o.dir, "models", c.model+".package"))
		c.own = append(c.own, m)
		return err
	}
	peer := func() error {
		if o.run != "" {
			words := o.command(c.model, c.threads)
			m, err := measure(ctx, nil, words[0], words[1:]...)
			c.peer = append(c.peer, m)
			return err
		}
		// llama_bench loads its library at run time, from wherever it is started.
		lib, err := filepath.Abs(filepath.Join(o.dir, "lib"))
		if err != nil {
			return err
		}
		m, err := measure(ctx, []string{"LLAMA_LIB=" + lib, "LD_LIBRARY_PATH=" + lib}, filepath.Join(o.dir, "llama_bench"),
			filepath.Join(o.dir, "models", c.model+".gguf"), c.threads, o.prefill, o.decode, fmt.Sprint(o.tokens))
		c.peer = append(c.peer, m)
		return err
	}
	// Within a round, too, the second finds the caches as the first has left them.
	if round%2 == 1 {
		own, peer = peer, own
	}
	if err := own(); err != nil {
		return err
	}
	return peer()
}

// command fills in the words of -run.
func (o *options) command(model, threads string) []string {
	fill := strings.NewReplacer("{model}", model, "{threads}", threads, "{prefill}", o.prefill,
		"{decode}", o.decode, "{tokens}", strconv.Itoa(o.tokens))
	// Split first and filled in then: a path with a space stays one word.
	words := strings.Fields(o.run)
	for i, w := range words {
		words[i] = fill.Replace(w)
	}
	return words
}

// measure runs a program and reads the last line that it prints.
func measure(ctx context.Context, env []string, name string, args ...string) (measures, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), env...)
	// What the program complains of is seen at once.
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return measures{}, fmt.Errorf("%s: %w", name, err)
	}
	m, err := readMeasures(string(out))
	if err != nil {
		return measures{}, fmt.Errorf("%s: %w", name, err)
	}
	return m, nil
}
