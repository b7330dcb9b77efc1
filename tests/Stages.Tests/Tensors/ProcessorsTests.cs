using FluentAssertions;
using Pipelines.Models.Tensors;
using Xunit;

namespace Pipelines.Stages.Tests.Tensors;

public sealed class ProcessorsTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("0-3", "0-1 0-1 2-3 2-3", 4, 2, 4)] // hyper-threads
    [InlineData("0,2", "0-1 0-1 2-3 2-3", 2, 2, 2)] // one thread of each core is allowed
    [InlineData("0-1", "0-1 0-1 2-3 2-3", 2, 1, 2)] // both threads of one core
    [InlineData("0-3", "0 1 2 3", 4, 4, 4)]
    [InlineData("0-3", "0 1 2 3", 2, 4, 4)] // a quota of two
    [InlineData("0-3", "", 4, 4, 4)] // no topology: every CPU is a core
    public void Cores_are_counted_inside_the_affinity_mask(
        string allowed,
        string siblings,
        int limit,
        int cores,
        int hardwareThreads
    )
    {
        Write("proc/self/status", $"Name:\tx\nCpus_allowed:\tff\nCpus_allowed_list:\t{allowed}\n");
        foreach ((int cpu, string list) in siblings.Split(' ', StringSplitOptions.RemoveEmptyEntries).Index())
        {
            Write($"sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list", list + "\n");
        }

        var found = Processors.Read(folder.Path, limit);

        found.Should().Be(new Processors(cores, hardwareThreads, limit));
        found.Threads.Should().Be(Math.Min(cores, limit));
    }

    [Fact]
    public void Where_the_system_says_nothing_the_runtimes_count_is_taken() =>
        Processors.Read(folder.Path, 7).Should().Be(new Processors(7, 7, 7));

    [Theory]
    [InlineData("")]
    [InlineData("a-b")]
    [InlineData("3-1")]
    [InlineData("0-4000000000")]
    [InlineData("0-999999999")]
    [InlineData("1-2-3")]
    public void A_list_that_is_none_counts_nothing_and_takes_no_memory(string list) =>
        Processors.NumbersOf(list).Should().BeEmpty();

    [Fact]
    public void The_words_say_what_was_chosen_and_why()
    {
        new Processors(2, 4, 4).Words.Should().Be("2 threads: physical cores of 4 hardware threads");
        new Processors(8, 8, 2).Words.Should().Be("2 threads: a quota allows 2 of 8 cores");
        new Processors(1, 1, 1).Words.Should().Be("1 thread, one a core");
    }

    private void Write(string path, string text)
    {
        string full = Path.Combine(folder.Path, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, text);
    }
}
