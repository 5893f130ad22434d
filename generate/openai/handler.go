package openai

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/gocoreml/coreml/generate/internal/grammars"
	"github.com/gocoreml/coreml/internal/apikey"
	"github.com/gocoreml/coreml/internal/quote"
)

// Handler serves models over HTTP. It is made by [New], and safe for concurrent use.
type Handler struct {
	config   Config
	keys     apikey.Ring
	models   registry
	routes   map[string]map[string]route // by path and method
	mu       sync.Mutex
	loading  bool
	draining bool          // balancers are to go elsewhere
	closing  bool          // new requests are refused
	working  int           // requests under way, but for those of health
	idle     chan struct{} // closed when closing and nothing is under way
	large    chan struct{} // has an element for each large request that is prepared
	decoding chan struct{} // has an element for each request that decodes pictures
	grammars grammars.Cache
	// life ends with the requests that are under way, which stop ends.
	life context.Context //nolint:containedctx // that of the handler
	stop context.CancelCauseFunc
}

// route is what answers a path.
type route struct {
	name string // for measures
	// open routes need no key, and answer while the handler is loading or closing.
	open  bool
	style errorStyle
	serve func(h *Handler, x *exchange) error
}

// errorStyle writes an error in the form of an interface.
type errorStyle func(e *apiError) any

const modelsPath = "/v1/models"

// New returns a handler over models. More can be added while it serves ([Handler.Add]). A nil
// cfg is the zero Config.
func New(cfg *Config, models ...Model) (*Handler, error) {
	c, err := cfg.withDefaults()
	if err != nil {
		return nil, err
	}
	h := &Handler{config: c, keys: apikey.NewRing(c.APIKeys), idle: make(chan struct{}), large: make(chan struct{}, mostLarge), decoding: make(chan struct{}, mostDecoding)}
	h.life, h.stop = context.WithCancelCause(context.Background())
	for _, m := range models {
		if err := h.models.add(m); err != nil {
			return nil, err
		}
	}
	h.routes = map[string]map[string]route{}
	for _, r := range routeTable {
		if h.routes[r.path] == nil {
			h.routes[r.path] = map[string]route{}
		}
		one := route{name: r.path, open: r.open, style: r.style, serve: r.serve}
		if one.style == nil {
			one.style = (*apiError).openAI
		}
		h.routes[r.path][r.method] = one
	}
	return h, nil
}

// routeTable has all routes but that of one model.
var routeTable = []struct {
	method, path string
	open         bool
	style        errorStyle // nil for OpenAI's
	serve        func(h *Handler, x *exchange) error
}{
	{"GET", "/health", true, nil, (*Handler).health},
	{"GET", modelsPath, false, nil, (*Handler).listModels},
	{"POST", "/v1/chat/completions", false, nil, (*Handler).chatCompletions},
	{"POST", "/v1/completions", false, nil, (*Handler).completions},
	{"POST", "/v1/responses", false, nil, (*Handler).responses},
	{"POST", "/v1/embeddings", false, nil, (*Handler).embeddings},
	{"POST", "/tokenize", false, nil, (*Handler).tokenize},
	{"POST", "/detokenize", false, nil, (*Handler).detokenize},
	{"POST", "/v1/messages", false, (*apiError).anthropic, (*Handler).messages},
	{"POST", "/v1/messages/count_tokens", false, (*apiError).anthropic, (*Handler).countMessage},
}

// Add adds a model while the handler serves others. An ID that there is already is an error.
func (h *Handler) Add(m Model) error { return h.models.add(m) }

// ServeHTTP answers a request.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := &exchange{h: h, w: w, r: r, id: requestID(r), start: time.Now(), style: (*apiError).openAI}
	x.stats.Route = "other"
	ctx, cancel := context.WithCancelCause(r.Context())
	x.ctx, x.cancel = ctx, cancel
	defer cancel(nil)
	w.Header().Set("X-Request-Id", x.id)
	w.Header().Set("X-Content-Type-Options", "nosniff")
	boundBody(w, r)
	defer x.done()
	defer x.release()
	defer x.prepared()
	defer x.recovered()
	x.fail(h.serve(x))
}

// release gives back the grammars that the request used.
func (x *exchange) release() {
	for _, release := range x.releases {
		release()
	}
}

// serve answers a request, or returns why not.
func (h *Handler) serve(x *exchange) error {
	if done, err := h.checkOrigin(x); done || err != nil {
		return err
	}
	to, err := h.route(x)
	if err != nil {
		return err
	}
	x.stats.Route, x.style = to.name, to.style
	if to.open {
		return to.serve(h, x)
	}
	if err := h.checkKey(x.r); err != nil {
		return err
	}
	if err := h.begin(); err != nil {
		return err
	}
	defer h.end()
	defer context.AfterFunc(h.life, func() { x.cancel(errShutdown) })()
	if h.config.Timeout > 0 {
		timer := time.AfterFunc(h.config.Timeout, func() { x.cancel(errTimeout) })
		defer timer.Stop()
	}
	return to.serve(h, x)
}

// route returns what answers the request's path and method.
func (h *Handler) route(x *exchange) (route, error) {
	path, method := x.r.URL.Path, x.r.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	list, known := h.routes[path]
	if !known && strings.HasPrefix(path, modelsPath+"/") {
		list, known = map[string]route{"GET": {name: modelsPath + "/{id}", style: (*apiError).openAI, serve: (*Handler).showModel}}, true
	}
	if !known {
		return route{}, &apiError{status: http.StatusNotFound, code: "unknown_url", message: fmt.Sprintf("there is no %s", quote.Text(path, maxShown))}
	}
	to, ok := list[method]
	if !ok {
		for allowed := range list {
			x.w.Header().Add("Allow", allowed)
		}
		return route{}, &apiError{status: http.StatusMethodNotAllowed, code: "method_not_allowed", message: fmt.Sprintf("%s takes no %s", quote.Text(path, maxShown), quote.Text(method, maxShown))}
	}
	return to, nil
}

// exchange is a request and its reply.
type exchange struct {
	h     *Handler
	w     http.ResponseWriter
	r     *http.Request
	id    string
	start time.Time
	style errorStyle
	// ctx ends with the request, and cancel ends it with a reason.
	ctx    context.Context //nolint:containedctx // that of the request
	cancel context.CancelCauseFunc
	// stream is what events are written to, nil before there is one.
	stream *eventWriter
	began  bool // the status is written
	large  bool // it is one of Handler.large
	// failEvent makes the event that ends a stream with an error, nil for one without a name
	// that has the error in the form of the route.
	failEvent func(e *apiError) (name string, body any)
	stats     RequestStats
	begun     func() // is called with the first token; nil for nobody
	// gathered is how many tokens and alternatives the answers so far may have, see maxGathered.
	gathered int
	releases []func() // of grammars
	cause    error    // for the log
}

// recovered answers a request in which something has panicked.
func (x *exchange) recovered() {
	p := recover()
	if p == nil {
		return
	}
	if x.stream != nil {
		x.stream.stop()
	}
	if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(p) // what net/http asks for
	}
	cause := fmt.Errorf("panic: %v\n%s", p, debug.Stack())
	x.fail(&apiError{status: http.StatusInternalServerError, message: "the server failed to answer", cause: cause})
}

// fail ends the reply with an error, nil for none.
func (x *exchange) fail(err error) {
	if x.stream != nil {
		x.endStream(err)
		return
	}
	if err == nil {
		return
	}
	e := x.told(err)
	if x.began || e.status == statusClientClosed {
		return
	}
	if e.retryAfter > 0 {
		x.w.Header().Set("Retry-After", fmt.Sprint(e.retryAfter))
	}
	if werr := x.reply(e.status, x.style(e)); werr != nil {
		x.cause = errors.Join(x.cause, werr)
	}
	x.stats.Status = e.status
}

// told returns what the client is told of an error, and notes it.
func (x *exchange) told(err error) *apiError {
	if cause := context.Cause(x.ctx); cause != nil && isEnd(err) {
		err = cause
	}
	e := errorOf(err)
	x.stats.Status, x.cause = e.status, err
	if e.cause != nil {
		x.cause = e.cause
	}
	x.stats.Cancelled = e.status == statusClientClosed
	return e
}

// isEnd reports whether an error is the end of a context.
func isEnd(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}

// done tells of a request that is over.
func (x *exchange) done() {
	x.stats.Duration = time.Since(x.start)
	if x.h.config.Metrics != nil {
		x.h.config.Metrics.Done(x.stats)
	}
	log := x.h.config.Logger
	if log == nil {
		return
	}
	level := slog.LevelInfo
	attrs := []slog.Attr{
		slog.String("request", x.id), slog.String("method", quote.Text(x.r.Method, maxShown)), slog.String("route", x.stats.Route),
		slog.Int("status", x.stats.Status), slog.Duration("duration", x.stats.Duration),
	}
	if x.stats.Model != "" {
		attrs = append(attrs, slog.String("model", x.stats.Model))
	}
	if x.stats.Tokens > 0 {
		attrs = append(attrs, slog.Int("prompt_tokens", x.stats.PromptTokens), slog.Int("cached_tokens", x.stats.CachedTokens),
			slog.Int("tokens", x.stats.Tokens), slog.Duration("first_token", x.stats.FirstToken))
	}
	if x.cause != nil {
		attrs = append(attrs, slog.String("error", quote.Text(x.cause.Error(), 8000)))
	}
	switch {
	case x.stats.Route == "/health":
		level = slog.LevelDebug // balancers ask every second
	case x.stats.Status >= http.StatusInternalServerError && x.stats.Status != http.StatusServiceUnavailable:
		level = slog.LevelError
	}
	log.LogAttrs(context.WithoutCancel(x.ctx), level, "request", attrs...)
}
