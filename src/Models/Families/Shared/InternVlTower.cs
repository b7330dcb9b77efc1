using Pipelines.Models.Tensors;
using Pipelines.Models.Vision;
using TorchSharp;

namespace Pipelines.Models.Families.Shared;

/// <summary>
/// What InternVL's layouts share: InternViT on tiles -> pixel shuffle (2 x 2 patches joined) -> LayerNorm, linear,
/// GELU, linear. A picture becomes one or more tiles and, where more, a thumbnail; each is (grid / 2)^2 image tokens,
/// 256 as published.
/// </summary>
internal sealed class InternVlTower
{
    private const double ProjectorEpsilon = 1e-5; // nn.LayerNorm's default

    private readonly InternVision vision;
    private readonly InternVisionShape shape;
    private readonly LayerNorm norm;
    private readonly ILinear linear1,
        linear2;
    private readonly Arithmetic arithmetic;

    /// <summary>Claims tower and projector.</summary>
    /// <param name="parts">What was read from the folder.</param>
    /// <param name="names">How the tensors are called.</param>
    /// <param name="shape">The tower's numbers.</param>
    /// <param name="blocks">Blocks that are run.</param>
    public InternVlTower(ModelParts parts, InternVisionNames names, InternVisionShape shape, int blocks)
    {
        this.shape = shape;
        Weights weights = parts.Weights;
        int hidden = parts.Info.Hidden;
        arithmetic = weights.Arithmetic;
        vision = new InternVision(weights, names, shape, blocks);
        norm = new LayerNorm(
            weights.Claim($"{names.ProjectorNorm}.weight", shape.Joined),
            weights.Claim($"{names.ProjectorNorm}.bias", shape.Joined),
            ProjectorEpsilon
        );
        linear1 = weights.Linear(names.Projector1, hidden, shape.Joined, bias: true);
        linear2 = weights.Linear(names.Projector2, hidden, hidden, bias: true);
    }

    /// <summary>The tensors of tower and projector.</summary>
    /// <param name="names">How they are called.</param>
    /// <param name="shape">The tower's numbers.</param>
    /// <param name="blocks">Blocks that are run.</param>
    /// <param name="hidden">Features of the decoder's residual stream.</param>
    public static IEnumerable<ExpectedTensor> Expected(
        InternVisionNames names,
        InternVisionShape shape,
        int blocks,
        long hidden
    ) =>
        [
            .. ExpectedTensor.Norm(names.ProjectorNorm, shape.Joined),
            .. ExpectedTensor.Linear(names.Projector1, hidden, shape.Joined, bias: true),
            .. ExpectedTensor.Linear(names.Projector2, hidden, hidden, bias: true),
            .. InternVision.Expected(names, shape, blocks),
        ];

    /// <summary>Image tokens by a picture's size.</summary>
    /// <param name="image">How pictures are fitted.</param>
    /// <param name="processor">How they are cut.</param>
    /// <param name="shape">The tower's numbers.</param>
    public static ImageTokenCounter Counter(ImageChoice image, InternVlProcessor processor, InternVisionShape shape)
    {
        int side = shape.TokenGrid;
        return new ImageTokenCounter(image, (width, height) =>
            processor.Geometry(width, height).Tiles is > 1 and var tiles
                ? new ImageTokens(tiles * side * side, 0, 0)
                : ImageTokens.Grid(side, side)
        );
    }

    /// <summary>The tiles' tokens put together; those of a thumbnail, which come last, are in no grid.</summary>
    /// <param name="picture">As it enters the preprocessing.</param>
    /// <param name="processor">How it is cut.</param>
    public TokenGrid GridOf(Picture picture, InternVlProcessor processor)
    {
        TileGrid tiles = processor.Geometry(picture.Width, picture.Height);
        return TokenGrid.OfTiles(processor.Squashed(picture), tiles.Rows, tiles.Columns, shape.TokenGrid);
    }

    /// <summary>The tiles' features as they enter the decoder.</summary>
    /// <param name="pixels">[tiles, 3, size, size], normalised.</param>
    /// <returns>[P, hidden], owned by the caller's dispose scope.</returns>
    public torch.Tensor Features(Pixels pixels)
    {
        using var scope = torch.NewDisposeScope();
        using var noGradient = torch.no_grad();
        using var oneThread = new OneTorchThread(arithmetic);
        torch.Tensor input = pixels.ToTensor(arithmetic);
        torch.Tensor states = vision.Forward(input); // [tiles, 1 + patches, vision hidden]
        long half = shape.TokenGrid;
        torch.Tensor shuffled = states
            .narrow(1, 1, states.shape[1] - 1) // class token dropped
            .reshape(-1, half, 2, half, 2, shape.Hidden)
            .permute(0, 1, 3, 2, 4, 5) // token (r, c) joins patches (2r, 2c), (2r, 2c+1), (2r+1, 2c), (2r+1, 2c+1)
            .reshape(-1, shape.Joined); // [P, 4 * vision hidden]
        // [P, hidden]
        torch.Tensor features = linear2.Forward(Activations.Gelu(linear1.Forward(norm.Forward(shuffled))));
        return features.MoveToOuterDisposeScope();
    }
}
