using Xunit;

namespace Pipelines.Spec.Tests;

/// <summary>
/// Paths, as YAML, that no system can open, and what is said of them: the same in every field that holds a path.
/// </summary>
internal static class UnfitPaths
{
    public static TheoryData<string, string> All { get; } =
        new()
        {
            { "\"a\\0b\"", "holds half of a surrogate pair or a NUL" },
            { "'" + new string('x', 256) + "'", "a name in the path has 256 bytes: file systems take at most 255" },
            {
                "'" + new string('\u00e9', 128) + "'",
                "a name in the path has 256 bytes: file systems take at most 255"
            },
            { "'" + string.Concat(Enumerable.Repeat("a/", 2100)) + "b'", "bytes: a system takes at most 4095" },
            { "' '", "the path is empty" },
            { "~/x.yaml", "'~' is not expanded: write '${HOME}/x.yaml'" },
        };
}
