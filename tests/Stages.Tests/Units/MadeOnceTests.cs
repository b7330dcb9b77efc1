using System.Collections.Concurrent;
using FluentAssertions;
using Xunit;

namespace Pipelines.Stages.Tests.Units;

public sealed class MadeOnceTests
{
    [Fact]
    public void What_is_made_is_made_once_and_what_failed_is_tried_again()
    {
        var made = new ConcurrentDictionary<string, Lazy<string>>();
        int calls = 0;
        string Make() => ++calls == 1 ? throw new IOException("not now") : $"made by call {calls}";

        made.Invoking(m => m.GetOrMake("a", Make)).Should().Throw<IOException>();
        made.GetOrMake("a", Make).Should().Be("made by call 2");
        made.GetOrMake("a", Make).Should().Be("made by call 2");
    }
}
