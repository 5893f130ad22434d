// Command operators measures operators of this project and of PyTorch in turns and
// prints medians and their ratios: convolutions, pools, recurrent layers and products
// over many rows, which encoders of speech and images consist of.
//
//	operators -python .cache/torch/bin/python -rounds 5 -threads 1,2
//
// Times are those of a whole prediction with its inputs and results, as a program sees
// it. Both sides have random weights: that results are right is for the tests.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx); err != nil {
		fmt.Fprintf(os.Stderr, "operators: %v\n", err)
		os.Exit(1)
	}
}

// options are the flags.
type options struct {
	python, peer string
	rounds       int
	slice        time.Duration
	cpu, best    bool
	only         *regexp.Regexp
}

func run(ctx context.Context) error {
	var o options
	flag.StringVar(&o.python, "python", ".cache/torch/bin/python", "a Python with torch")
	flag.StringVar(&o.peer, "peer", "bench/operators/torch_peer.py", "the program that times PyTorch")
	flag.IntVar(&o.rounds, "rounds", 5, "rounds, in each of which both run once")
	flag.DurationVar(&o.slice, "slice", 200*time.Millisecond, "how long each runs in a round")
	flag.BoolVar(&o.cpu, "cpu", false, "compare the time of processors, which a busy machine disturbs less; for one thread")
	flag.BoolVar(&o.best, "best", false, "take the fastest run of each slice instead of the median, for several threads on a busy machine")
	threads := flag.String("threads", "1,2", "numbers of threads")
	only := flag.String("only", "", "a regular expression for the operations")
	flag.Parse()
	var err error
	if o.only, err = regexp.Compile(*only); err != nil {
		return err
	}
	if o.rounds < 1 {
		return errors.New("at least one round")
	}
	if o.cpu && cpuTime() == 0 {
		return errors.New("this system does not tell a process its time")
	}
	dir, err := os.MkdirTemp("", "operators")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	fmt.Println(machine())
	for n := range strings.SplitSeq(*threads, ",") {
		threads, err := strconv.Atoi(n)
		if err != nil || threads < 1 {
			return fmt.Errorf("%q threads", n)
		}
		if err := table(ctx, &o, dir, threads); err != nil {
			return err
		}
	}
	return nil
}

// machine names the processor and says how busy it is.
func machine() string {
	name, load := "a processor without a name", "unknown"
	if text, err := os.ReadFile("/proc/cpuinfo"); err == nil {
		for line := range strings.Lines(string(text)) {
			if k, v, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(k) == "model name" {
				name = strings.TrimSpace(v)
				break
			}
		}
	}
	if text, err := os.ReadFile("/proc/loadavg"); err == nil {
		load = strings.Fields(string(text))[0]
	}
	return name + ", load average before: " + load
}

// table measures all operations with a number of threads.
func table(ctx context.Context, o *options, dir string, threads int) error {
	peer, err := startPeer(ctx, o, threads)
	if err != nil {
		return err
	}
	defer peer.stop()
	clock := "elapsed"
	if o.cpu {
		clock = "processor"
	}
	if o.best {
		clock = "best " + clock
	}
	fmt.Printf("\n| %d threads, %s time | ours ms | PyTorch ms | PyTorch / ours | from | to |\n|---|---|---|---|---|---|\n", threads, clock)
	for k := range operations {
		op := &operations[k]
		if !o.only.MatchString(op.name) {
			continue
		}
		own, err := op.load(ctx, filepath.Join(dir, fmt.Sprintf("%d-%d.mlpackage", threads, k)), threads)
		if err != nil {
			return fmt.Errorf("%s: %w", op.name, err)
		}
		ours, theirs, err := compare(ctx, o, own, peer, op)
		if err = errors.Join(err, own.Close()); err != nil {
			return fmt.Errorf("%s: %w", op.name, err)
		}
		ratios := make([]float64, len(ours))
		for i := range ours {
			ratios[i] = theirs[i] / ours[i]
		}
		fmt.Printf("| %s | %.3f | %.3f | %.2f | %.2f | %.2f |\n",
			op.name, median(ours), median(theirs), median(ratios), slices.Min(ratios), slices.Max(ratios))
	}
	return nil
}

// compare measures rounds, in milliseconds. Who begins alternates.
func compare(ctx context.Context, o *options, own *loaded, peer *peer, op *operation) (ours, theirs []float64, err error) {
	sides := []func() error{
		func() error {
			ms, err := own.time(ctx, o)
			ours = append(ours, ms)
			return err
		},
		func() error {
			ms, err := peer.time(op, o.slice)
			theirs = append(theirs, ms)
			return err
		},
	}
	for range o.rounds {
		for _, side := range sides {
			if err := side(); err != nil {
				return nil, nil, err
			}
		}
		slices.Reverse(sides)
	}
	return ours, theirs, nil
}

// median is the middle number, of two in the middle the larger one.
func median[T cmp.Ordered](x []T) T {
	x = slices.Sorted(slices.Values(x))
	return x[len(x)/2]
}
