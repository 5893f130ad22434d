package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/gocoreml/coreml/bench/internal/results"
)

// program is a command that measures one round and prints it as `coreml bench --json`
// does. In its words and its environment {dir}, {model}, {threads}, {prefill},
// {decode} and {tokens} stand for what is measured.
type program struct {
	name string
	// short is what -peers calls it.
	short string
	env   []string
	words []string
}

// known are the peers that prepare.sh makes ready.
var known = []program{
	{
		// llama_bench loads its library at run time, from wherever it is started.
		name: "llama.cpp", short: "llama.cpp",
		env:   []string{"LLAMA_LIB={dir}/lib", "LD_LIBRARY_PATH={dir}/lib"},
		words: []string{"{dir}/llama_bench", "{dir}/models/{model}.gguf", "{threads}", "{prefill}", "{decode}", "{tokens}"},
	},
	{
		name: "ik_llama.cpp", short: "ik",
		words: []string{"{dir}/ik_bench", "{dir}/models/{model}.gguf", "{threads}", "{prefill}", "{decode}", "{tokens}"},
	},
	{
		name: "ik_llama.cpp, repacked", short: "ik-repacked",
		env:   []string{"IK_REPACK=1"},
		words: []string{"{dir}/ik_bench", "{dir}/models/{model}.gguf", "{threads}", "{prefill}", "{decode}", "{tokens}"},
	},
	{
		name: "OpenVINO GenAI", short: "openvino",
		words: []string{"{dir}/openvino/bin/python", "{dir}/openvino_bench.py", "{dir}/models/{model}.gguf", "{threads}", "{prefill}", "{decode}", "{tokens}"},
	},
}

// choose returns the peers of a list of short names. An empty list is all that are
// there.
func choose(list, dir string) ([]program, error) {
	var chosen []program
	if list == "" {
		for _, p := range known {
			_, err := os.Stat(strings.ReplaceAll(p.words[0], "{dir}", dir))
			if errors.Is(err, fs.ErrNotExist) {
				continue
			}
			chosen = append(chosen, p)
		}
		if len(chosen) == 0 {
			return nil, fmt.Errorf("%s holds no program that bench/prepare.sh makes ready", dir)
		}
		return chosen, nil
	}
	for short := range strings.SplitSeq(list, ",") {
		i := slices.IndexFunc(known, func(p program) bool { return p.short == short })
		if i < 0 {
			return nil, fmt.Errorf("no peer %q", short)
		}
		chosen = append(chosen, known[i])
	}
	return chosen, nil
}

// own is this project's command as a program.
//
// One round in each process. Loading is a measure too, and what a process has learned
// must not help the next round.
func own(o *options) program {
	return program{name: "coreml", words: []string{
		o.coreml, "bench", "--json", "--rounds=1", "--threads={threads}", "--prefill={prefill}", "--decode={decode}",
		"--tokens={tokens}", "--arithmetic=" + o.arithmetic, fmt.Sprintf("--prefill-chunk=%d", o.chunk),
		filepath.Join("{dir}", "models", "{model}.package"),
	}}
}

// run measures one round of a model.
func (p *program) run(ctx context.Context, o *options, model, threads string) (results.Measures, error) {
	fill := strings.NewReplacer("{dir}", o.dir, "{model}", model, "{threads}", threads, "{prefill}", o.prefill,
		"{decode}", o.decode, "{tokens}", strconv.Itoa(o.tokens)).Replace
	words, env := slices.Clone(p.words), slices.Clone(p.env)
	// Filled in word by word: a path with a space stays one word.
	for i := range words {
		words[i] = fill(words[i])
	}
	for i := range env {
		env[i] = fill(env[i])
	}
	m, err := measure(ctx, env, words[0], words[1:]...)
	if err != nil {
		return m, fmt.Errorf("%s: %w", p.name, err)
	}
	return m, nil
}

// measure runs a program and reads the last line that it prints.
func measure(ctx context.Context, env []string, name string, args ...string) (results.Measures, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), env...)
	// What the program complains of is seen at once.
	cmd.Stderr = os.Stderr
	before, told := now()
	out, err := cmd.Output()
	if err != nil {
		return results.Measures{}, fmt.Errorf("%s: %w", name, err)
	}
	m, err := results.ReadMeasures(string(out))
	if err != nil {
		return results.Measures{}, fmt.Errorf("%s: %w", name, err)
	}
	if told {
		m.Others = before.since(spent(cmd.ProcessState))
	}
	return m, nil
}

// spent is the processors' time of a program that has ended.
func spent(s *os.ProcessState) time.Duration { return s.UserTime() + s.SystemTime() }
