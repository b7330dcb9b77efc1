using Pipelines.Domain.Errors;

namespace Pipelines.Models.Families;

/// <summary>A vision tower as costs see it: its size, and the rows that one picture gives it.</summary>
/// <param name="Blocks">Blocks that are run.</param>
/// <param name="Hidden">Features of a row.</param>
/// <param name="Intermediate">Features inside the MLP.</param>
/// <param name="Tiles">Pieces of a picture, each attending to itself.</param>
/// <param name="RowsOfTile">Rows of a piece: its patches, and the class token where there is one.</param>
public sealed record VisionShape(int Blocks, int Hidden, int Intermediate, int Tiles, int RowsOfTile)
{
    /// <summary>Rows of a picture.</summary>
    public long Rows => (long)Tiles * RowsOfTile;

    /// <summary>Parameters of the blocks: four projections of the attention, two of the MLP.</summary>
    public long Parameters => Blocks * ((4L * Hidden * Hidden) + (2L * Hidden * Intermediate));

    /// <summary>The tower of a model folder, for a picture of some number of image tokens.</summary>
    /// <param name="info">What config.json says.</param>
    /// <param name="imageTokens">P.</param>
    /// <exception cref="InputException">config.json is of no use.</exception>
    public static VisionShape Read(ModelInfo info, int imageTokens)
    {
        ModelConfig config = ModelInfo.ReadConfig(info.Folder);
        switch (info.Family)
        {
            case ModelFamily.Llava or ModelFamily.LlavaNext:
                ClipShape clip = LlavaConfig.Vision(config);
                int patches = clip.Grid * clip.Grid;
                // LLaVA-NeXT: the whole picture as one tile, and its parts, whose tokens are those of the picture
                // without the padding: at least half of a tile's.
                int parts =
                    info.Family == ModelFamily.Llava ? 0 : Math.Max(2, (imageTokens - patches + patches - 1) / patches);
                return new VisionShape(
                    LlavaConfig.VisionBlocks(config, clip),
                    clip.Hidden,
                    clip.Intermediate,
                    1 + parts,
                    1 + patches
                );
            case ModelFamily.InternVl:
                InternVisionShape intern = InternVlConfig.Vision(config);
                int joined = intern.Grid * intern.Grid / 4; // 2 x 2 patches are one token
                return new VisionShape(
                    InternVlConfig.VisionBlocks(config, intern),
                    intern.Hidden,
                    intern.Intermediate,
                    Math.Max(1, imageTokens / joined),
                    1 + (intern.Grid * intern.Grid)
                );
            case ModelFamily.Qwen2Vl:
                Qwen2VisionShape qwen = Qwen2VlConfig.Vision(config);
                return new VisionShape(
                    qwen.Depth,
                    qwen.EmbedDim,
                    qwen.Intermediate,
                    1,
                    imageTokens * qwen.MergeSize * qwen.MergeSize
                );
            default:
                throw new ArgumentOutOfRangeException(nameof(info));
        }
    }
}
