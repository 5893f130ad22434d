// Command peers measures this project and other programs in turns, on the same
// weights, and prints medians and their ratios:
//
//	peers -dir .cache/peers -rounds 5 -threads 1,2 smollm2-135m mistral-7b
//
// The other programs are those that bench/prepare.sh made ready, or the one that -run
// names: a command that prints JSON of the same form as `coreml bench --json` on its
// last line. Before each round it waits until the machine has nothing else to do, and
// it tells how much of the machine others had. Only figures of one table compare: see
// bench/README.md.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"time"

	"github.com/gocoreml/coreml/bench/internal/results"
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
// They are the same for all programs as far as they have them.
type options struct {
	coreml, dir, prefill, decode, arithmetic, save string
	threads, peers, peer, run                      string
	tokens, rounds, chunk                          int
	quiet                                          float64
	wait                                           time.Duration
}

// flags reads the command line.
func flags() *options {
	o := new(options)
	flag.StringVar(&o.coreml, "coreml", "bin/coreml", "the command of this project")
	flag.StringVar(&o.dir, "dir", ".cache/peers", "the folder that prepare.sh filled")
	flag.StringVar(&o.prefill, "prefill", "1,32,128,512", "lengths of prompts; the first token comes after the shortest")
	flag.StringVar(&o.decode, "decode", "0,512", "lengths of text before single tokens")
	flag.StringVar(&o.arithmetic, "arithmetic", "default", "this project's arithmetic")
	flag.StringVar(&o.save, "save", "", "a file to which every round is added as JSON, for figure and readme")
	flag.IntVar(&o.tokens, "tokens", 32, "single tokens per measurement")
	flag.IntVar(&o.rounds, "rounds", 5, "rounds, in each of which every program runs once")
	flag.IntVar(&o.chunk, "chunk", 0, "this project's tokens per prediction of a prompt")
	flag.StringVar(&o.peers, "peers", "", "the other programs, of llama.cpp, ik, ik-repacked and openvino; none named means those that are ready")
	flag.StringVar(&o.peer, "peer", "the other", "what the table calls the program of -run")
	flag.StringVar(&o.run, "run", "", "the one other program's command, with spaces between its words; {model}, {threads}, {prefill}, {decode} and {tokens} stand for what is measured")
	flag.StringVar(&o.threads, "threads", "1,2", "numbers of threads")
	flag.Float64Var(&o.quiet, "quiet", 0.1, "how many cores others may be using when a round begins")
	flag.DurationVar(&o.wait, "wait", 10*time.Minute, "how long to wait for that in each table; after it the rounds are taken all the same")
	flag.Parse()
	return o
}

// others returns the programs that are compared with.
func (o *options) others() ([]program, error) {
	if o.run == "" {
		return choose(o.peers, o.dir)
	}
	words := strings.Fields(o.run)
	if len(words) == 0 {
		return nil, errors.New("-run names no command")
	}
	return []program{{name: o.peer, words: words}}, nil
}

// run measures model after model. Each table is printed as soon as it is complete,
// since the next may take an hour.
func run(ctx context.Context) error {
	o := flags()
	if flag.NArg() == 0 || o.rounds < 1 {
		return errors.New("name a model, and at least one round")
	}
	peers, err := o.others()
	if err != nil {
		return err
	}
	// Programs are started from elsewhere in the words of -run.
	if o.dir, err = filepath.Abs(o.dir); err != nil {
		return err
	}
	programs := append([]program{own(o)}, peers...)
	on := machine()
	fmt.Println(on)
	for _, model := range flag.Args() {
		for n := range strings.SplitSeq(o.threads, ",") {
			r := &results.Record{Model: model, Threads: n, Machine: on, LoadAverage: loadAverage()}
			if err := takeRounds(ctx, o, programs, r); err != nil {
				return err
			}
			fmt.Print(table(r))
			if o.save == "" {
				continue
			}
			if err := results.Append(o.save, r); err != nil {
				return err
			}
		}
	}
	return nil
}

// takeRounds fills in a record.
//
// Rounds are outermost: a machine that gets warm, and slower, does so for all.
func takeRounds(ctx context.Context, o *options, programs []program, r *results.Record) error {
	for _, p := range programs {
		r.Programs = append(r.Programs, results.Program{Name: p.name})
	}
	quiet := patience{cores: o.quiet, left: o.wait, window: 2 * time.Second, busy: others}
	for round := range o.rounds {
		r.Waited += quiet.wait(ctx).Seconds()
		for i := range programs {
			// Who begins changes from round to round, so that none always finds the
			// processor warm or the files in memory.
			at := (i + round) % len(programs)
			m, err := programs[at].run(ctx, o, r.Model, r.Threads)
			if err != nil {
				return err
			}
			r.Programs[at].Rounds = append(r.Programs[at].Rounds, m)
		}
	}
	return nil
}
