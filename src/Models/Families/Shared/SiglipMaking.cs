using Pipelines.Models.Making;
using static Pipelines.Models.Making.PlannedTensor;

namespace Pipelines.Models.Families.Shared;

/// <summary>SigLIP made up: so400m with patches of 14 pixels, or another size.</summary>
internal static class SiglipMaking
{
    /// <summary>Features of a row of so400m.</summary>
    public const long Width = 1152;

    private const long Mlp = 4304,
        Patch = 14;

    /// <summary>The tower of so400m.</summary>
    /// <param name="root">What its tensors lie below, with the dot.</param>
    /// <param name="blocks">Blocks.</param>
    /// <param name="grid">Patches along a side of a picture.</param>
    public static IEnumerable<PlannedTensor> Tower(string root, int blocks, long grid) =>
        Tower(root, blocks, grid, Width, Mlp, Patch);

    /// <summary>A tower of another size.</summary>
    /// <param name="root">What its tensors lie below, with the dot.</param>
    /// <param name="blocks">Blocks.</param>
    /// <param name="grid">Patches along a side of a picture.</param>
    /// <param name="width">Features of a row.</param>
    /// <param name="mlp">Features inside the MLP.</param>
    /// <param name="patch">Pixels along a side of a patch.</param>
    public static IEnumerable<PlannedTensor> Tower(
        string root,
        int blocks,
        long grid,
        long width,
        long mlp,
        long patch
    ) =>
        [
            Weight($"{root}embeddings.patch_embedding.weight", 1, width, 3, patch, patch),
            Small($"{root}embeddings.patch_embedding.bias", width),
            Spread($"{root}embeddings.position_embedding.weight", 0.3, grid * grid, width),
            .. ClipMaking.Blocks(root, blocks, width, mlp),
        ];
}
