package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gocoreml/coreml/conformance/openai/target"
)

// figures are what the server says of itself at one moment.
type figures struct {
	resident   float64 // bytes
	goroutines int
	running    int // answers that are being written
	waiting    int // requests that wait for a state
	states     int // that are in use
	cancelled  int // answers whose reader left, so far
}

func (f figures) String() string {
	return fmt.Sprintf("%.1f MiB resident, %d goroutines, %d running, %d waiting, %d states in use, %d cancelled",
		f.resident/(1<<20), f.goroutines, f.running, f.waiting, f.states, f.cancelled)
}

// watch asks the server for its metrics.
type watch struct {
	server *target.Server
}

// look reads /metrics.
func (w *watch) look(ctx context.Context) (figures, error) {
	resp, err := w.server.Do(ctx, http.MethodGet, "/metrics", nil)
	if err != nil {
		return figures{}, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return figures{}, fmt.Errorf("/metrics is %s", resp.Status)
	}
	// Samples that differ in their labels are added up.
	sums := map[string]float64{}
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		line := lines.Text()
		at := strings.LastIndexByte(line, ' ')
		if line == "" || line[0] == '#' || at < 0 {
			continue
		}
		value, err := strconv.ParseFloat(line[at+1:], 64)
		if err != nil {
			return figures{}, fmt.Errorf("/metrics has the line %q", line)
		}
		name, _, _ := strings.Cut(line[:at], "{")
		sums[name] += value
	}
	for _, name := range []string{metricResident, metricGoroutines, metricRunning, metricWaiting, metricStates} {
		if _, ok := sums[name]; !ok {
			return figures{}, fmt.Errorf("/metrics lacks %s", name)
		}
	}
	return figures{
		sums[metricResident], int(sums[metricGoroutines]), int(sums[metricRunning]),
		int(sums[metricWaiting]), int(sums[metricStates]), int(sums[metricCancelled]),
	}, lines.Err()
}

// The metrics that are looked at.
const (
	metricResident   = "process_resident_memory_bytes"
	metricGoroutines = "go_goroutines"
	metricRunning    = "coreml_requests_running"
	metricWaiting    = "coreml_queue_waiting"
	metricStates     = "coreml_states_used"
	metricCancelled  = "coreml_cancelled_total"
)

// memory is how much the server held at each look.
type memory []float64

// during prints the figures at each interval until ctx ends.
func (w *watch) during(ctx context.Context, interval time.Duration) (memory, error) {
	var m memory
	start := time.Now()
	for {
		select {
		case <-ctx.Done():
			return m, nil
		case <-time.After(interval):
		}
		f, err := w.look(context.WithoutCancel(ctx))
		if err != nil {
			return m, err
		}
		fmt.Printf("%6v: %v\n", time.Since(start).Round(time.Second), f)
		m = append(m, f.resident)
	}
}

// flat returns an error where the second half of the looks shows more memory than the first
// by more than a quarter and 32 MiB, which is what a garbage collector's moments make up.
func (m memory) flat() error {
	if len(m) < 4 {
		return nil
	}
	most := func(part memory) (top float64) {
		for _, bytes := range part {
			top = max(top, bytes)
		}
		return top
	}
	first, second := most(m[:len(m)/2]), most(m[len(m)/2:])
	fmt.Printf("memory: at most %.1f MiB in the first half, %.1f MiB in the second\n", first/(1<<20), second/(1<<20))
	if second > first*1.25+32<<20 {
		return errors.New("memory grows")
	}
	return nil
}

// settle waits until nothing is running, waiting or held, and no goroutine is left that was
// not there before.
func (w *watch) settle(ctx context.Context, before figures) error {
	var f figures
	for end := time.Now().Add(2 * time.Minute); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		var err error
		if f, err = w.look(ctx); err != nil {
			return err
		}
		http.DefaultClient.CloseIdleConnections()
		if f.running == 0 && f.waiting == 0 && f.states <= before.states && f.goroutines <= before.goroutines+2 {
			fmt.Printf(" after: %v\n", f)
			return nil
		}
	}
	return fmt.Errorf("something is left: %v; before it was %v", f, before)
}
