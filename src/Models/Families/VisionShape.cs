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
    public static VisionShape Read(ModelInfo info, int imageTokens) =>
        info.Family.Tower(ModelInfo.ReadConfig(info.Folder), imageTokens);
}
