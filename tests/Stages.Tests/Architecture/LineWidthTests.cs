using FluentAssertions;
using Xunit;

namespace Pipelines.Stages.Tests.Architecture;

/// <summary>
/// A line is read whole, also where two versions stand side by side. The formatter breaks code, but no texts.
/// </summary>
public sealed class LineWidthTests
{
    private const int Widest = 120;

    /// <summary>Files that may have wider lines, by their paths from the root.</summary>
    private static readonly string[] Exceptions = [];

    [Fact]
    public void No_line_of_code_is_wider_than_120_characters()
    {
        string root = Golden.RepositoryRoot();
        var files = new[] { "src", "tests" }
            .SelectMany(folder => Code(new DirectoryInfo(Path.Combine(root, folder))))
            .ToDictionary(f => Path.GetRelativePath(root, f.FullName).Replace('\\', '/'), f => WideLines(f).ToList());
        files
            .Keys.Should()
            .Contain(
                ["src/Stages/Pipeline/Stage.cs", "tests/Stages.Tests/Architecture/LineWidthTests.cs"],
                "all are looked at"
            );

        var wide = files
            .Where(f => !Exceptions.Contains(f.Key))
            .SelectMany(f => f.Value.Select(line => $"{f.Key}:{line}"))
            .Order(StringComparer.Ordinal)
            .ToList();
        wide.Should().BeEmpty("these are too wide:\n" + string.Join("\n", wide));
        Exceptions
            .Where(name => !files.TryGetValue(name, out var lines) || lines.Count == 0)
            .Should()
            .BeEmpty("an exception that nothing needs is taken out");
    }

    /// <summary>C# files of a folder, without those that a build writes.</summary>
    private static IEnumerable<FileInfo> Code(DirectoryInfo folder) =>
        folder
            .EnumerateFiles("*.cs")
            .Concat(folder.EnumerateDirectories().Where(d => d.Name is not ("bin" or "obj")).SelectMany(Code));

    /// <summary>Numbers of lines, from 1. A character outside the basic plane counts once.</summary>
    private static IEnumerable<int> WideLines(FileInfo file) =>
        File.ReadLines(file.FullName)
            .Select((line, i) => (Number: i + 1, Width: line.EnumerateRunes().Count()))
            .Where(line => line.Width > Widest)
            .Select(line => line.Number);
}
