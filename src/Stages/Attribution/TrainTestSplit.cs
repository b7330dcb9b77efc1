using Pipelines.Domain;

namespace Pipelines.Stages.Attribution;

/// <summary>
/// Which observations train. The same seed and number of observations give the same split for every sample.
/// </summary>
internal sealed class TrainTestSplit
{
    private const ulong Purpose = 0x73706C6974; // "split"

    private readonly bool[] trains;

    private TrainTestSplit(bool[] trains, int trainRows)
    {
        this.trains = trains;
        TrainRows = trainRows;
    }

    /// <summary>Observations in all.</summary>
    public int Rows => trains.Length;

    /// <summary>Observations that train: round(share * rows), halves up, but at least one on either side.</summary>
    public int TrainRows { get; }

    /// <summary>Observations held out.</summary>
    public int TestRows => Rows - TrainRows;

    /// <summary>Shuffles 0 .. rows - 1 (<see cref="SplitMix64.Permutation"/>); the first ones train.</summary>
    /// <param name="rows">At least 2.</param>
    /// <param name="trainShare">Between 0 and 1.</param>
    /// <param name="seed">Seed of the experiment.</param>
    public static TrainTestSplit Of(int rows, double trainShare, int seed)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 2);
        int train = Math.Clamp((int)Math.Round(trainShare * rows, MidpointRounding.AwayFromZero), 1, rows - 1);
        var trains = new bool[rows];
        foreach (int row in new SplitMix64(seed, Purpose).Permutation(rows).AsSpan(0, train))
        {
            trains[row] = true;
        }

        return new TrainTestSplit(trains, train);
    }

    /// <summary>Whether observation <paramref name="row"/> (in file order) trains.</summary>
    public bool Trains(int row) => trains[row];
}
