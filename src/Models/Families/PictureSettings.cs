using Pipelines.Domain.Errors;
using Pipelines.Models.Vision;

namespace Pipelines.Models.Families;

/// <summary>What image tokens follow from besides the picture: the folder's small files and the choices made.</summary>
/// <param name="Config">config.json.</param>
/// <param name="Settings">The image processor's file, all of its keys understood.</param>
/// <param name="Image">How pictures are fitted.</param>
public sealed record PictureSettings(ModelConfig Config, PreprocessorConfig Settings, ImageChoice Image)
{
    /// <summary>Those of a hub folder.</summary>
    /// <exception cref="InputException">The processor's file is missing or of no use.</exception>
    public static PictureSettings Of(ModelInfo info, ModelConfig config, ImageChoice image) =>
        new(config, info.Family.ImageProcessor.Read(info.Folder), image);
}
