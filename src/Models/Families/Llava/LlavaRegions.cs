using Pipelines.Models.Families.Shared;
using Pipelines.Models.Vision;

namespace Pipelines.Models.Families.Llava;

/// <summary>
/// Where LLaVA-1.5's image tokens lie: on the square that is cut from the middle of the resized picture, or on the
/// picture with the padding that makes it one.
/// </summary>
internal static class LlavaRegions
{
    /// <summary>The regions of a folder.</summary>
    public static Func<int, int, IEnumerable<PictureRegion?>> Of(PictureSettings source)
    {
        var processor = new ClipProcessor(source.Settings, source.Image.Fit);
        return (width, height) =>
            Of(
                processor,
                width,
                height,
                LlavaConfig.Vision(source.Config).Grid,
                LlavaConfig.DropsClassToken(source.Config)
            );
    }

    /// <summary>The class token where it is kept, which has no place; then the patches row by row.</summary>
    public static IEnumerable<PictureRegion?> Of(
        ClipProcessor processor,
        int width,
        int height,
        int grid,
        bool dropsClassToken
    )
    {
        PictureRegion?[] classToken = dropsClassToken ? [] : [null];
        return [.. classToken, .. processor.Seen(width, height).Cells(grid, grid)];
    }
}
