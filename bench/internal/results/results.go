// Package results is what bench/peers measures and bench/figure and bench/readme
// show: a record for each model and number of threads, with every round of every
// program.
package results

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
)

// Measures are what each program prints as JSON after a round.
//
// Loading and the first token in milliseconds, prompts and single tokens in tokens
// per second by length, memory in MiB. What only this project prints is empty for
// the others.
type Measures struct {
	CPU          string             `json:"cpu,omitempty"`
	Instructions string             `json:"instructions,omitempty"`
	Arithmetic   string             `json:"arithmetic,omitempty"`
	Load         float64            `json:"load_ms"`
	First        float64            `json:"first_token_ms"`
	Prefill      map[string]float64 `json:"prefill"`
	Decode       map[string]float64 `json:"decode"`
	Peak         float64            `json:"peak_rss_mib"`
	// Others is how much of the machine's processors went to other programs in the
	// meantime, in cores.
	Others float64 `json:"others_cores"`
}

// ReadMeasures reads the last line of a program's output.
func ReadMeasures(out string) (Measures, error) {
	lines := strings.Split(strings.TrimSpace(out), "\n")
	var m Measures
	if err := json.Unmarshal([]byte(lines[len(lines)-1]), &m); err != nil {
		return Measures{}, fmt.Errorf("last line %q: %w", lines[len(lines)-1], err)
	}
	return m, nil
}

// Program is a program and its rounds.
type Program struct {
	Name   string     `json:"name"`
	Rounds []Measures `json:"rounds"`
}

// Record is all rounds of a model at one number of threads. Programs begins with
// this project's; round i of each ran after round i-1 of all.
type Record struct {
	Model   string  `json:"model"`
	Threads string  `json:"threads"`
	Machine Machine `json:"machine"`
	// Waited is how long the rounds were put off until the machine was quiet, and
	// LoadAverage what the system named when they began.
	Waited      float64   `json:"waited_s"`
	LoadAverage float64   `json:"load_average"`
	Programs    []Program `json:"programs"`
}

// Machine is what figures belong to.
type Machine struct {
	// CPU is the processor's name with its family and model, which tell apart what a
	// hypervisor calls by one name.
	CPU string `json:"cpu"`
	// Flags are its instruction sets, as far as kernels care.
	Flags []string `json:"flags"`
	Cores int      `json:"cores"`
}

// String is the machine in a line.
func (m Machine) String() string {
	return fmt.Sprintf("%d cores of %s; %s", m.Cores, m.CPU, strings.Join(m.Flags, " "))
}

// Rounds is the number of rounds that all programs have.
func (r *Record) Rounds() int {
	if len(r.Programs) == 0 {
		return 0
	}
	least := len(r.Programs[0].Rounds)
	for _, p := range r.Programs {
		least = min(least, len(p.Rounds))
	}
	return least
}

// Arithmetic is this project's.
func (r *Record) Arithmetic() string {
	for _, p := range r.Programs {
		for _, m := range p.Rounds {
			return m.Arithmetic
		}
	}
	return ""
}

// Noise is the most that other programs had of the machine during a round, in
// cores.
func (r *Record) Noise() float64 {
	most := 0.0
	for _, p := range r.Programs {
		for _, m := range p.Rounds {
			most = max(most, m.Others)
		}
	}
	return most
}

// Append adds a record to a file, in a line.
//
// The file is added to and not rewritten: an interrupted series keeps what it has.
func Append(path string, r *Record) error {
	line, err := json.Marshal(r)
	if err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(append(line, '\n'))
	return errors.Join(err, f.Close())
}

// Read returns the records of a file in its order; of several for one model,
// arithmetic and number of threads the last, which is the newest.
func Read(path string) ([]*Record, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var list []*Record
	s := bufio.NewScanner(f)
	s.Buffer(nil, 1<<24) // hundreds of rounds are some hundred kilobytes
	for s.Scan() {
		r := new(Record)
		if err := json.Unmarshal(s.Bytes(), r); err != nil {
			return nil, fmt.Errorf("%s: %w", path, err)
		}
		if r.Rounds() == 0 {
			return nil, fmt.Errorf("%s: a record of %q without rounds", path, r.Model)
		}
		list = slices.DeleteFunc(list, func(o *Record) bool {
			return o.Model == r.Model && o.Threads == r.Threads && o.Arithmetic() == r.Arithmetic()
		})
		list = append(list, r)
	}
	return list, s.Err()
}
