package openai

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/gocoreml/coreml/coreml"
)

// registry has the models by their names. Requests read it while models are added.
type registry struct {
	mu    sync.RWMutex
	byID  map[string]*served
	order []*served
}

// served is a model that is served.
type served struct {
	Model
	// encoding bounds how many requests use the encoder at once; each of them fills the cores.
	encoding chan struct{}
	// waiting are the requests for the encoder, and for each session.
	waiting crowd
	// unsaved are the faults of the place where sessions are kept that were told of.
	unsaved repeated
}

// mostEncoding is how many requests use an encoder at once.
const mostEncoding = 2

// add adds a model.
func (g *registry) add(m Model) error {
	if err := m.check(); err != nil {
		return err
	}
	if m.Created.IsZero() {
		m.Created = time.Now()
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.byID[m.ID] != nil {
		return fmt.Errorf("openai: there are two models %s", shown(m.ID))
	}
	if g.byID == nil {
		g.byID = map[string]*served{}
	}
	s := &served{Model: m, encoding: make(chan struct{}, mostEncoding)}
	g.byID[m.ID] = s
	g.order = append(g.order, s)
	return nil
}

// all returns the models in the order in which they were added.
func (g *registry) all() []*served {
	g.mu.RLock()
	defer g.mu.RUnlock()
	return slices.Clone(g.order)
}

// target is what a request names: a model, and what of it.
type target struct {
	*served
	name     string // as answers say it
	function string // of the package, "" for that of the model
	adapters []coreml.Adapter
	// variant tells the adapter and the function from others, "" for neither.
	variant string
}

// find returns the model of a name: an ID, or "ID:adapter". Without a name it is the only
// model there is. Names are looked up and nothing else: no file is.
func (g *registry) find(name string) (*target, *apiError) {
	g.mu.RLock()
	defer g.mu.RUnlock()
	if name == "" {
		if len(g.order) == 1 {
			return &target{served: g.order[0], name: g.order[0].ID}, nil
		}
		return nil, badField("model", "is missing; GET /v1/models lists those that there are")
	}
	if s := g.byID[name]; s != nil {
		return &target{served: s, name: name}, nil
	}
	if k := strings.LastIndexByte(name, ':'); k >= 0 {
		if s := g.byID[name[:k]]; s != nil {
			t := &target{served: s, name: name}
			if t.choose(name[k+1:]) {
				return t, nil
			}
		}
	}
	return nil, &apiError{
		status: http.StatusNotFound, param: "model", code: "model_not_found",
		message: fmt.Sprintf("the model %s does not exist; GET /v1/models lists those that do", shown(name)),
	}
}

// choose makes a target that of an adapter or a function, and reports whether there is one.
func (t *target) choose(variant string) bool { return t.useAdapter(variant) || t.useFunction(variant) }

// useAdapter makes a target that of an adapter, and reports whether there is one.
func (t *target) useAdapter(name string) bool {
	list, ok := t.Adapters[name]
	if ok {
		t.adapters, t.variant = list, name
	}
	return ok
}

// useFunction makes a target that of a function of the package, and reports whether there is
// one.
func (t *target) useFunction(name string) bool {
	ok := t.Generator != nil && slices.Contains(t.Generator.Functions(), name)
	if ok {
		t.function = name
		t.variant += "\x00" + name
	}
	return ok
}

// selectBy takes in the fields adapter and function of a request.
func (t *target) selectBy(adapter, function string) *apiError {
	if adapter != "" && !t.useAdapter(adapter) {
		return badField("adapter", "the model has no adapter %s", shown(adapter))
	}
	if function != "" && !t.useFunction(function) {
		return badField("function", "the model has no function %s", shown(function))
	}
	return nil
}
