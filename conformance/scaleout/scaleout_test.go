package scaleout_test

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// need skips a test where there is no router or no command.
func need(t *testing.T) {
	t.Helper()
	if os.Getenv(routerEnv) == "" || os.Getenv(commandEnv) == "" {
		t.Skipf("make scale-out sets %s and %s, the environment with vllm-router and the command", routerEnv, commandEnv)
	}
}

const loopback = "127.0.0.1:0"

// conversation is one whose turns are asked one after the other.
type conversation struct {
	name     string
	messages []message
	server   *process // that has answered so far
}

// turn asks the next question and keeps the answer.
func (c *conversation) turn(t *testing.T, url string, question string) *answer {
	t.Helper()
	c.messages = append(c.messages, message{"user", question})
	var a *answer
	var err error
	// As OpenAI's clients do: a router needs a moment to see that a server is gone.
	for try := 0; try < 10 && (a == nil || a.status >= http.StatusInternalServerError); try++ {
		time.Sleep(time.Duration(try) * 100 * time.Millisecond)
		if a, err = ask(t.Context(), url, c.name, 12, c.messages...); err != nil {
			break
		}
	}
	if err != nil || a.status != http.StatusOK {
		t.Fatalf("%s: %+v, %v", c.name, a, err)
	}
	c.messages = append(c.messages, message{"assistant", a.text})
	return a
}

var questions = []string{"Once upon a time there was a girl.", "She had a red kite.", "The wind blew.", "A frog named Ben came.", "They went home."}

// TestConversationsStayOnTheirServer has eight conversations of five turns, whose turns
// alternate: each stays on one server and reads what is new alone, and its answers are
// those of a server by itself that was told all of it at once.
func TestConversationsStayOnTheirServer(t *testing.T) {
	need(t)
	model := chatModel(t)
	workers := []*process{serve(t, "first", model, loopback, ""), serve(t, "second", model, loopback, "")}
	alone := serve(t, "alone", model, loopback, "")
	router := route(t, workers...)
	talks := make([]*conversation, 8)
	for i := range talks {
		talks[i] = &conversation{name: fmt.Sprintf("talk-%d", i)}
	}
	cached := 0
	for k, question := range questions {
		for i, c := range talks {
			before := []int{requests(t, workers[0]), requests(t, workers[1])}
			a := c.turn(t, router.url, fmt.Sprintf("%s %d.", question, i))
			for w := range workers {
				switch n := requests(t, workers[w]) - before[w]; {
				case n == 1 && (c.server == nil || c.server == workers[w]):
					c.server = workers[w]
				case n != 0:
					t.Errorf("turn %d of %s went to another server", k, c.name)
				}
			}
			want, err := ask(t.Context(), alone.url, "", 12, c.messages[:len(c.messages)-1]...)
			if err != nil || want.text != a.text {
				t.Errorf("turn %d of %s is %q, and %q (%v) by one server", k, c.name, a.text, want.text, err)
			}
			if k > 0 && a.cached == 0 {
				t.Errorf("turn %d of %s read all of the conversation again", k, c.name)
			}
			cached += a.cached
		}
	}
	used := map[*process]int{}
	for _, c := range talks {
		used[c.server]++
	}
	if len(used) != 2 {
		t.Errorf("of two servers %d were used", len(used))
	}
	t.Logf("8 conversations of 5 turns: %d and %d on a server, %d tokens of earlier turns were not read again", used[workers[0]], used[workers[1]], cached)
}

// load asks many questions from several goroutines until stop is closed, and counts what
// came back.
type load struct {
	sync.WaitGroup
	mu       sync.Mutex
	ok       int
	failures []string
}

func (l *load) run(t *testing.T, url string, clients int, stop <-chan struct{}) {
	for i := range clients {
		l.Go(func() {
			for n := 0; ; n++ {
				select {
				case <-stop:
					return
				default:
				}
				a, err := ask(t.Context(), url, fmt.Sprintf("load-%d", i), 24, message{"user", fmt.Sprintf("Once upon a time there were %d frogs.", n)})
				l.mu.Lock()
				switch {
				case err != nil:
					l.failures = append(l.failures, err.Error())
				case a.status != http.StatusOK:
					l.failures = append(l.failures, fmt.Sprintf("status %d: %s", a.status, a.text))
				default:
					l.ok++
				}
				l.mu.Unlock()
			}
		})
	}
}

// count returns how many answers there were so far.
func (l *load) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ok
}

// more waits for so many further answers.
func (l *load) more(t *testing.T, n int) {
	t.Helper()
	have := l.count()
	within(t, fmt.Sprintf("%d more answers", n), func() bool { return l.count() >= have+n })
}

// clients is how many ask at once while a server ends.
const clients = 4

// endUnderLoad ends one of two servers by a signal while clients ask, and returns it with
// what came back before and after, for so many more answers.
func endUnderLoad(t *testing.T, how syscall.Signal, more int, flags ...string) (*process, *load) {
	t.Helper()
	model := chatModel(t)
	workers := []*process{serve(t, "first", model, loopback, "", flags...), serve(t, "second", model, loopback, "", flags...)}
	router := route(t, workers...)
	l, stop := &load{}, make(chan struct{})
	l.run(t, router.url, clients, stop)
	l.more(t, 20)
	workers[0].signal(t, how)
	workers[0].ended(t)
	l.more(t, more)
	close(stop)
	l.Wait()
	t.Logf("%d answers, %d failures", l.ok, len(l.failures))
	return workers[0], l
}

// TestADrainedServerLosesNothing ends one server under load by SIGTERM: no request fails, as
// it takes requests until the router has noticed.
func TestADrainedServerLosesNothing(t *testing.T) {
	need(t)
	ended, l := endUnderLoad(t, syscall.SIGTERM, 20, "--drain-delay", "3s")
	if len(l.failures) > 0 {
		t.Errorf("%d of %d requests failed: %q", len(l.failures), l.ok+len(l.failures), l.failures[0])
	}
	if state := ended.ProcessState; !state.Success() {
		t.Errorf("the drained server ended with %s", state)
	}
}

// TestAKilledServerLosesItsRequestsInFlight ends one server under load by SIGKILL: what
// fails are at most the requests of the moment, and the others go on.
func TestAKilledServerLosesItsRequestsInFlight(t *testing.T) {
	need(t)
	_, l := endUnderLoad(t, syscall.SIGKILL, 40)
	if len(l.failures) > clients {
		t.Errorf("%d requests failed, more than the %d that may have been under way: %q", len(l.failures), clients, l.failures)
	}
}

// TestAnotherServerTakesOver kills the server that has a conversation: the other one finds
// it in the folder that both share and goes on without reading it again.
func TestAnotherServerTakesOver(t *testing.T) {
	need(t)
	model, sessions := chatModel(t), filepath.Join(t.TempDir(), "sessions")
	workers := []*process{serve(t, "first", model, loopback, sessions), serve(t, "second", model, loopback, sessions)}
	alone := serve(t, "alone", model, loopback, "")
	router := route(t, workers...)
	c := &conversation{name: "taken over"}
	before := requests(t, workers[0])
	for _, q := range questions[:3] {
		c.turn(t, router.url, q)
	}
	owner, other := workers[1], workers[0]
	if requests(t, workers[0]) > before {
		owner, other = workers[0], workers[1]
	}
	owner.signal(t, syscall.SIGKILL)
	owner.ended(t)
	var a *answer
	for _, q := range questions[3:] {
		a = c.turn(t, router.url, q)
		want, err := ask(t.Context(), alone.url, "", 12, c.messages[:len(c.messages)-1]...)
		if err != nil || want.text != a.text {
			t.Errorf("the answer is %q, and %q (%v) by one server", a.text, want.text, err)
		}
		if a.cached < 20 {
			t.Errorf("only %d tokens of the conversation were taken over", a.cached)
		}
	}
	if requests(t, other) < 2 {
		t.Error("the other server has not answered")
	}
	t.Logf("%d tokens of the conversation did not have to be read again", a.cached)
}

// TestAFullQueueReachesTheClient has more requests than both servers take.
func TestAFullQueueReachesTheClient(t *testing.T) {
	need(t)
	model := chatModel(t)
	flags := []string{"--queue", "1"}
	workers := []*process{serve(t, "first", model, loopback, "", flags...), serve(t, "second", model, loopback, "", flags...)}
	router := route(t, workers...)
	var mu sync.Mutex
	statuses := map[int]int{}
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() {
			a, err := ask(t.Context(), router.url, fmt.Sprint("full-", i), 200, message{"user", "Once upon a time"})
			if err != nil {
				t.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			statuses[a.status]++
			if a.status == http.StatusTooManyRequests && a.retryAfter == "" {
				t.Error("429 has no Retry-After")
			}
		})
	}
	all.Wait()
	for status, n := range statuses {
		if status != http.StatusOK && status != http.StatusTooManyRequests && status != http.StatusServiceUnavailable {
			t.Errorf("%d answers with status %d", n, status)
		}
	}
	if statuses[http.StatusOK] < 6 {
		t.Errorf("only %d answers", statuses[http.StatusOK])
	}
	t.Logf("by status: %v", statuses)
	// What was refused succeeds once there is room.
	within(t, "a later request succeeds", func() bool {
		a, err := ask(t.Context(), router.url, "later", 4, message{"user", "Once"})
		return err == nil && a.status == http.StatusOK
	})
}

// TestClientsPassThroughTheRouter runs the suite of conformance/openai with the router in
// the server's place.
func TestClientsPassThroughTheRouter(t *testing.T) {
	need(t)
	if os.Getenv("COREML_OPENAI_CLIENTS") == "" {
		t.Skip("make scale-out sets COREML_OPENAI_CLIENTS, the folder with the clients")
	}
	dir := t.TempDir()
	inSuite := func(env []string, args ...string) {
		t.Helper()
		cmd := exec.CommandContext(t.Context(), "go", args...)
		cmd.Dir, cmd.Env = filepath.Join("..", "openai"), append(os.Environ(), env...)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("go %q: %v\n%s", args, err, out)
		}
		for line := range strings.Lines(string(out)) {
			if strings.Contains(line, " passed, ") {
				t.Log(strings.TrimSpace(line))
			}
		}
	}
	inSuite(nil, "run", "./model", dir)
	model := filepath.Join(dir, "model")
	router := route(t, serve(t, "first", model, loopback, ""), serve(t, "second", model, loopback, ""))
	inSuite([]string{"BASE_URL=" + router.url, "ROUTER=1", "MODEL=model"}, "test", "-count=1", "-v", ".")
}
