using FluentAssertions;
using Pipelines.Host.Running;
using Xunit;

namespace Pipelines.Host.Tests.Running;

public sealed class RunLogTests
{
    [Fact]
    public void Lines_of_several_writers_of_one_log_all_stand_whole()
    {
        const int Writers = 4,
            Lines = 200;
        using var folder = new TemporaryFolder();
        string path = Path.Combine(folder.Path, "log.txt");
        RunLog[] logs = [.. Enumerable.Range(0, Writers).Select(_ => new RunLog(path))];
        Thread[] threads =
        [
            .. logs.Select(
                (log, writer) =>
                    new Thread(() =>
                    {
                        foreach (int line in Enumerable.Range(0, Lines))
                        {
                            log.Write($"writer {writer} line {line} end");
                        }
                    })
            ),
        ];
        Array.ForEach(threads, t => t.Start());
        Array.ForEach(threads, t => t.Join());
        Array.ForEach(logs, l => l.Dispose());
        string Said(string line) => line[line.IndexOf("writer", StringComparison.Ordinal)..];
        File.ReadAllLines(path)
            .Select(Said)
            .Order(StringComparer.Ordinal)
            .Should()
            .Equal(
                Enumerable
                    .Range(0, Writers)
                    .SelectMany(writer => Enumerable.Range(0, Lines).Select(n => $"writer {writer} line {n} end"))
                    .Order(StringComparer.Ordinal)
            );
    }
}
