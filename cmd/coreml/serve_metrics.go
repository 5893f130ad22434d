package main

import (
	"cmp"
	"net/http"
	"strconv"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/generate/openai"
)

// metrics are what /metrics shows. They are in a registry of their own: tests begin more
// than one server.
type metrics struct {
	registry *prometheus.Registry

	requests, cancelled           *prometheus.CounterVec
	inFlight                      prometheus.Gauge
	duration, first, gap, queued  *prometheus.HistogramVec
	promptTokens, cached, written *prometheus.CounterVec

	mu     sync.Mutex
	models map[string]*generate.Generator
	limit  int // states of a model
}

// Bounds of the histograms, in seconds: from what a small model takes on a fast machine to
// what a large one takes on a slow one.
var (
	longBounds  = []float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 25, 50, 100, 250}
	shortBounds = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5}
)

// newMetrics returns those of a server whose models have so many states, 0 for the
// library's number.
func newMetrics(states int) *metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: "coreml_" + name, Help: help}, labels)
	}
	histogram := func(name, help string, bounds []float64, labels ...string) *prometheus.HistogramVec {
		return prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "coreml_" + name, Help: help, Buckets: bounds}, labels)
	}
	m := &metrics{
		registry:     prometheus.NewRegistry(),
		requests:     counter("requests_total", "Requests that are over, by route, status and model.", "route", "code", "model"),
		cancelled:    counter("cancelled_total", "Requests whose client went away before the end.", "model"),
		inFlight:     prometheus.NewGauge(prometheus.GaugeOpts{Name: "coreml_requests_in_flight", Help: "Requests that are being answered, of every route."}),
		duration:     histogram("request_duration_seconds", "How long requests took.", longBounds, "route", "model"),
		first:        histogram("time_to_first_token_seconds", "Time from the beginning of a request to its first token, with the wait.", longBounds, "model"),
		gap:          histogram("inter_token_seconds", "Time from one token of an answer to the next.", shortBounds, "model"),
		queued:       histogram("queue_seconds", "How long of a request its prompts waited for a state or their turn.", longBounds, "model"),
		promptTokens: counter("prompt_tokens_total", "Tokens of prompts.", "model"),
		cached:       counter("cached_tokens_total", "Tokens of prompts that were in a cache already and not read anew.", "model"),
		written:      counter("generated_tokens_total", "Tokens of answers.", "model"),
		models:       map[string]*generate.Generator{},
		limit:        cmp.Or(states, generate.DefaultMaxStates),
	}
	info := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "coreml_build_info", Help: "Always 1, with the version of the program.", ConstLabels: prometheus.Labels{"version": version()},
	}, func() float64 { return 1 })
	m.registry.MustRegister(
		m.requests, m.cancelled, m.inFlight, m.duration, m.first, m.gap, m.queued, m.promptTokens, m.cached, m.written, info, m,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// handler serves them.
func (m *metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 4})
}

// counted counts the requests under way.
func (m *metrics) counted(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		m.inFlight.Inc()
		defer m.inFlight.Dec()
		next.ServeHTTP(w, r)
	})
}

// Done implements [openai.Metrics].
func (m *metrics) Done(r openai.RequestStats) {
	m.requests.WithLabelValues(r.Route, strconv.Itoa(r.Status), r.Model).Inc()
	m.duration.WithLabelValues(r.Route, r.Model).Observe(r.Duration.Seconds())
	if r.Model == "" {
		return // such requests have no tokens
	}
	if r.Cancelled {
		m.cancelled.WithLabelValues(r.Model).Inc()
	}
	m.promptTokens.WithLabelValues(r.Model).Add(float64(r.PromptTokens))
	m.cached.WithLabelValues(r.Model).Add(float64(r.CachedTokens))
	m.written.WithLabelValues(r.Model).Add(float64(r.Tokens))
	if r.FirstToken > 0 {
		m.first.WithLabelValues(r.Model).Observe(r.FirstToken.Seconds())
		m.queued.WithLabelValues(r.Model).Observe(r.Queued.Seconds())
	}
	gaps := m.gap.WithLabelValues(r.Model)
	for _, gap := range r.TokenGaps {
		gaps.Observe(gap.Seconds())
	}
}

// watch adds a model whose states and queue are shown.
func (m *metrics) watch(id string, g *generate.Generator) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.models[id] = g
	m.cancelled.WithLabelValues(id) // a counter that is there from the beginning shows its first step
}

// gaugeOf describes a gauge of each model.
func gaugeOf(name, help string) *prometheus.Desc {
	return prometheus.NewDesc("coreml_"+name, help, []string{"model"}, nil)
}

// modelGauges are read when they are asked for.
var modelGauges = []struct {
	desc  *prometheus.Desc
	value func(*generate.GeneratorStats) float64
}{
	{gaugeOf("queue_waiting", "Requests that wait for a state of the model."), func(s *generate.GeneratorStats) float64 { return float64(s.Waiting) }},
	{gaugeOf("prompts_waiting", "Requests that have a state and wait for their prompt's turn."), func(s *generate.GeneratorStats) float64 { return float64(s.WaitingPrompts) }},
	{gaugeOf("requests_running", "Answers that have begun and not ended."), func(s *generate.GeneratorStats) float64 { return float64(s.Active) }},
	{gaugeOf("states_used", "States (key and value caches) in use."), func(s *generate.GeneratorStats) float64 { return float64(s.States) }},
	{gaugeOf("states_free", "States that are kept for the next request."), func(s *generate.GeneratorStats) float64 { return float64(s.FreeStates) }},
	{gaugeOf("state_bytes", "Memory of both in bytes."), func(s *generate.GeneratorStats) float64 { return float64(s.StateBytes) }},
}

// statesLimit does not change; used states as a part of it are how full the caches are.
var statesLimit = gaugeOf("states_limit", "States that the model may have.")

// Describe implements [prometheus.Collector].
func (m *metrics) Describe(to chan<- *prometheus.Desc) {
	for _, g := range modelGauges {
		to <- g.desc
	}
	to <- statesLimit
}

// Collect implements [prometheus.Collector].
func (m *metrics) Collect(to chan<- prometheus.Metric) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for id, g := range m.models {
		stats := g.Stats()
		to <- prometheus.MustNewConstMetric(statesLimit, prometheus.GaugeValue, float64(m.limit), id)
		for _, gauge := range modelGauges {
			to <- prometheus.MustNewConstMetric(gauge.desc, prometheus.GaugeValue, gauge.value(&stats), id)
		}
	}
}
