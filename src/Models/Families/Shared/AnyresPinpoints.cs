using Pipelines.Domain.Errors;
using Pipelines.Models.Vision;

namespace Pipelines.Models.Families.Shared;

/// <summary>The sizes (height, width) that pictures may be fitted into, which two files have.</summary>
internal static class AnyresPinpoints
{
    /// <summary>
    /// The processor cuts tiles by its own list, the model joins them by config.json's; a file that has none stands for
    /// its class's list.
    /// </summary>
    /// <param name="config">config.json.</param>
    /// <param name="preprocessor">The image processor's file.</param>
    /// <param name="published">The list of the classes.</param>
    /// <exception cref="InputException">The lists differ.</exception>
    public static void RequireSame(
        ModelConfig config,
        PreprocessorConfig preprocessor,
        IReadOnlyList<IReadOnlyList<int>> published
    )
    {
        IEnumerable<(int, int)> Pairs(IReadOnlyList<IReadOnlyList<int>> list) => list.Select(p => (p[0], p[1]));
        IEnumerable<(int, int)> ours = config.Pairs("image_grid_pinpoints") ?? Pairs(published),
            theirs = Pairs(preprocessor.ImageGridPinpoints ?? published);
        if (!ours.SequenceEqual(theirs))
        {
            string Told(bool has) => has ? "" : " (none: the published ones stand for it)";
            throw new InputException(
                preprocessor.Source,
                $"has other image_grid_pinpoints{Told(preprocessor.ImageGridPinpoints is not null)} than "
                    + $"config.json{Told(config.Has("image_grid_pinpoints"))}.",
                "Both files must be of one model."
            );
        }
    }

    /// <summary>The sizes in words, among the settings that two files must agree about.</summary>
    public static string Listed(IReadOnlyList<IReadOnlyList<int>> pinpoints) =>
        string.Join(", ", pinpoints.Select(p => Invariant.Text($"{p[0]} x {p[1]}")));
}
