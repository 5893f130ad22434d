package openai

import (
	"context"
	"net/http"
)

// SetLoading says whether models are still to come. While they are, /health answers 503, and
// models that are there already are served.
func (h *Handler) SetLoading(loading bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.loading = loading
}

// SetDraining says whether the server is about to end: /health answers 503 then, so that
// balancers send requests elsewhere, and whoever has not heard of it is still served.
func (h *Handler) SetDraining(draining bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.draining = draining
}

// Shutdown ends the work: /health and new requests are answered with 503 from now on, and
// Shutdown returns when the requests under way are over. When ctx ends before that they are
// cancelled, and its error is returned once they are over. The models stay open.
func (h *Handler) Shutdown(ctx context.Context) error {
	h.mu.Lock()
	if !h.closing {
		h.closing = true
		if h.working == 0 {
			close(h.idle)
		}
	}
	h.mu.Unlock()
	select {
	case <-h.idle:
		return nil
	case <-ctx.Done():
	}
	h.stop(errShutdown)
	<-h.idle
	return ctx.Err()
}

// begin counts a request, or refuses it.
func (h *Handler) begin() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closing {
		return &apiError{status: http.StatusServiceUnavailable, code: "shutting_down", message: errShutdown.Error(), retryAfter: 1}
	}
	h.working++
	return nil
}

// end counts a request that is over.
func (h *Handler) end() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.working--; h.working == 0 && h.closing {
		close(h.idle)
	}
}

// state returns whether the handler is loading, and whether it is closing or about to.
func (h *Handler) state() (loading, closing bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.loading, h.closing || h.draining
}

// health answers GET /health.
func (h *Handler) health(x *exchange) error {
	loading, closing := h.state()
	switch {
	case closing:
		return &apiError{status: http.StatusServiceUnavailable, code: "shutting_down", message: errShutdown.Error()}
	case loading:
		return &apiError{status: http.StatusServiceUnavailable, code: "loading", message: "models are being loaded", retryAfter: 1}
	}
	return x.reply(http.StatusOK, map[string]string{"status": "ok"})
}
