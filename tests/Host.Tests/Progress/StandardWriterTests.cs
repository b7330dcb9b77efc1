using System.Text;
using FluentAssertions;
using Pipelines.Host.Progress;
using Xunit;

namespace Pipelines.Host.Tests.Progress;

/// <summary>What standard output does not take is dropped, and told of.</summary>
public sealed class StandardWriterTests : IDisposable
{
    private readonly Disk disk = new();

    public void Dispose() => disk.Dispose();

    [Fact]
    public void A_file_on_a_full_disk_lacks_what_was_written_meanwhile_and_nothing_else()
    {
        using var writer = new StandardWriter(disk, isTerminal: false);
        writer.WriteLine("before");

        disk.Failure = new IOException("No space left on device");
        writer.WriteLine("meanwhile");
        writer.Flush();
        disk.Failure = null;
        writer.Write("after");

        disk.Text.ToString().Should().Be($"before{Environment.NewLine}after");
        writer.Refused.Should().Be("No space left on device");
    }

    [Fact]
    public void A_terminal_that_was_closed_is_not_tried_again()
    {
        using var writer = new StandardWriter(disk, isTerminal: true);
        disk.Failure = new IOException("Input/output error");
        writer.Write('a');
        disk.Failure = null;
        writer.Write('b');

        disk.Text.ToString().Should().BeEmpty();
    }

    [Fact]
    public void Output_that_was_closed_is_called_that()
    {
        using var writer = new StandardWriter(disk, isTerminal: false);
        disk.Failure = new UnauthorizedAccessException("Access to the path is denied.");
        writer.Write("a");

        writer.Refused.Should().Be("it is closed");
    }

    [Fact]
    public void Defects_stay_what_they_are()
    {
        using var writer = new StandardWriter(disk, isTerminal: false);
        disk.Failure = new ArgumentOutOfRangeException("value");

        FluentActions.Invoking(() => writer.Write("a")).Should().Throw<ArgumentOutOfRangeException>();
    }

    private sealed class Disk : TextWriter
    {
        public StringBuilder Text { get; } = new();

        public Exception? Failure { get; set; }

        public override Encoding Encoding => Encoding.UTF8;

        public override void Write(char value) => Text.Append(Failure is null ? value : throw Failure);
    }
}
