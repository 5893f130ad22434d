// This file takes the place of main.go in tensai's example qwen: it feeds the
// example's model with made-up tokens and prints what bench/peers reads. The model
// itself, loadQwen and step, is the example's own.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// safeVocab bounds the tokens before the first logits, as `coreml bench` does.
const safeVocab = 64

// report is the part of `coreml bench --json` that this program can fill.
type report struct {
	CPU     string             `json:"cpu"`
	Threads int                `json:"threads"`
	Load    float64            `json:"load_ms"`
	First   float64            `json:"first_token_ms"`
	Prefill map[string]float64 `json:"prefill"`
	Decode  map[string]float64 `json:"decode"`
	Peak    float64            `json:"peak_rss_mib"`
	// Best is the likeliest token after the last one fed, to see that the model
	// computes what it should.
	Best int `json:"best"`
}

func main() {
	dir := flag.String("data", "", "the folder of the checkpoint")
	bits := flag.Int("bits", 4, "bits of a weight: 4, 8, or 0 for float32")
	prefill := flag.String("prefill", "1", "lengths of prompts")
	decode := flag.String("decode", "0", "lengths of text before single tokens")
	tokens := flag.Int("tokens", 32, "single tokens per measurement")
	ids := flag.String("ids", "", "token ids to feed in place of all measurements; the likeliest next ones are printed")
	flag.Parse()
	r := report{Threads: runtime.GOMAXPROCS(0), Prefill: map[string]float64{}, Decode: map[string]float64{}}
	start := time.Now()
	m, err := loadQwen(filepath.Join(*dir, "config.json"), filepath.Join(*dir, "model.safetensors"), *bits)
	if err != nil {
		fail(err)
	}
	r.Load = milliseconds(start)
	if *ids != "" {
		for i, id := range lengths(*ids) {
			fmt.Println(best(m.step(id, i)))
		}
		return
	}
	r.measure(m, lengths(*prefill), lengths(*decode), *tokens)
	r.Peak = peak()
	line, err := json.Marshal(r)
	if err != nil {
		fail(err)
	}
	fmt.Println(string(line))
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// measure times what `coreml bench` times. The example has no other way to take a
// prompt than token by token. Sampling is not part of it.
func (r *report) measure(m *qwen, prefill, decode []int, tokens int) {
	first := 32 // where no length is asked for
	for i, n := range prefill {
		if i == 0 || n < first {
			first = n
		}
	}
	start := time.Now()
	logits := feed(m, sequence(max(first, 1), safeVocab), 0)
	r.First = milliseconds(start)
	vocab := len(logits)
	for _, n := range prefill {
		forget(m)
		ids := sequence(n, vocab)
		start := time.Now()
		logits = feed(m, ids, 0)
		r.Prefill[strconv.Itoa(n)] = float64(n) / time.Since(start).Seconds()
	}
	for _, n := range decode {
		forget(m)
		ids := sequence(n+tokens, vocab)
		feed(m, ids[:n], 0)
		start := time.Now()
		logits = feed(m, ids[n:], n)
		r.Decode[strconv.Itoa(n)] = float64(tokens) / time.Since(start).Seconds()
	}
	r.Best = best(logits)
}

// feed takes tokens one by one, the first of them at a position.
func feed(m *qwen, ids []int, at int) (logits []float32) {
	for i, id := range ids {
		logits = m.step(id, at+i)
	}
	return logits
}

// forget empties the key-value cache.
func forget(m *qwen) {
	for i := range m.blocks {
		m.blocks[i].kc, m.blocks[i].vc = nil, nil
	}
}

// sequence returns the tokens that `coreml bench` makes up, by the generator of the
// C standard's example of rand.
func sequence(n, vocab int) []int {
	ids := make([]int, n)
	x := uint32(1)
	for i := range ids {
		x = x*1103515245 + 12345
		ids[i] = int(x>>16&0x7fff) % vocab
	}
	return ids
}

func best(logits []float32) int {
	at := 0
	for i, v := range logits {
		if v > logits[at] {
			at = i
		}
	}
	return at
}

// lengths reads numbers with commas between them; none means none.
func lengths(s string) []int {
	var list []int
	if s == "none" {
		return nil
	}
	for _, word := range strings.Split(s, ",") {
		n, err := strconv.Atoi(word)
		if err != nil || n < 0 {
			fail(fmt.Errorf("%q is no length", word))
		}
		list = append(list, n)
	}
	return list
}

func milliseconds(start time.Time) float64 { return float64(time.Since(start).Microseconds()) / 1e3 }

// peak returns the most memory that the process had, in MiB.
func peak() float64 {
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	for _, line := range strings.Split(string(status), "\n") {
		if f := strings.Fields(line); len(f) > 1 && f[0] == "VmHWM:" {
			kib, _ := strconv.ParseFloat(f[1], 64) // what is no number is none
			return kib / 1024
		}
	}
	return 0
}
