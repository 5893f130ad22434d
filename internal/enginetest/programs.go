package enginetest
import ("testing"; "github.com/gocoreml/coreml/internal/engine")
func runPrograms(t *testing.T, e engine.Engine) {}
