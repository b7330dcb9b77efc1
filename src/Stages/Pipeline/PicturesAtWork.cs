using Pipelines.Models.Ablation;

namespace Pipelines.Stages;

/// <summary>
/// Keys and values of pictures, each computed once while it is kept, and samples prepared of them. Whatever is leased
/// stays. Of what is idle the pictures that were used last stay, up to <see cref="Kept"/> altogether, and their samples
/// with them: room is made before another picture is computed, so that memory never holds one more. Safe for several
/// threads: one prepares while others wait.
/// </summary>
internal sealed class PicturesAtWork
{
    /// <summary>Samples of a picture that take turns: its passes and its gradients.</summary>
    private const int SamplesAPicture = 2;

    private readonly Lock leasing = new();
    private readonly List<Resident> pictures = []; // the last used one last
    private readonly List<Resident> samples = []; // likewise
    private int computed;

    /// <summary>Pictures kept at most, unless more are at work.</summary>
    public int Kept { get; set; } = 1;

    /// <summary>Pictures computed so far: one that was given up and came again counts twice.</summary>
    public int Computed => computed;

    /// <summary>The most pictures that were kept at a time.</summary>
    public int Most { get; private set; }

    /// <summary>Pictures that are kept now.</summary>
    public int Count
    {
        get
        {
            lock (leasing)
            {
                return pictures.Count;
            }
        }
    }

    /// <summary>The picture called <paramref name="name"/>, computed when it is first asked of the lease.</summary>
    public Lease<PrefixCache> Picture(string name, Func<PrefixCache> compute)
    {
        lock (leasing)
        {
            Resident picture = Take(pictures, name, () => Counted(compute));
            while (pictures.Count > Kept && pictures.Find(IsIdle) is { } idle)
            {
                samples.FindAll(s => IsOver(s, idle)).ForEach(s => Drop(samples, s));
                Drop(pictures, idle);
            }

            Most = Math.Max(Most, pictures.Count);
            return LeaseOf<PrefixCache>(pictures, picture);
        }
    }

    /// <summary>
    /// The sample called <paramref name="name"/>, prepared when it is first asked of the lease. A name belongs to one
    /// kind of preparation.
    /// </summary>
    public Lease<T> Sample<T>(string name, Func<T> prepare)
        where T : class, IOverPictures
    {
        lock (leasing)
        {
            Resident sample = Take(samples, name, prepare);
            foreach (Resident picture in pictures.FindAll(p => IsOver(sample, p)))
            {
                pictures.Remove(picture);
                pictures.Add(picture);
            }

            while (samples.Count > SamplesAPicture * Kept && samples.Find(s => s.Leases == 0) is { } idle)
            {
                Drop(samples, idle);
            }

            return LeaseOf<T>(samples, sample);
        }
    }

    /// <summary>Drops everything. Nothing may be at work.</summary>
    public void Clear()
    {
        lock (leasing)
        {
            samples.ToList().ForEach(s => Drop(samples, s)); // they hold pictures
            pictures.ToList().ForEach(p => Drop(pictures, p));
        }
    }

    private static Resident Take(List<Resident> residents, string name, Func<IDisposable> prepare)
    {
        Resident resident = residents.Find(r => r.Name == name) ?? new Resident(name, new Lazy<IDisposable>(prepare));
        residents.Remove(resident);
        residents.Add(resident);
        resident.Leases++;
        return resident;
    }

    private static bool IsOver(Resident sample, Resident picture) => LeasesOf(sample, picture) > 0;

    /// <summary>Leases on a picture that a prepared sample holds: two where a pair's pictures are alike.</summary>
    private static int LeasesOf(Resident sample, Resident picture) =>
        sample.Made is IOverPictures over && picture.Made is { } cache
            ? over.Pictures.Count(p => ReferenceEquals(p, cache))
            : 0;

    private static void Drop(List<Resident> residents, Resident resident)
    {
        residents.Remove(resident);
        resident.Made?.Dispose();
    }

    private PrefixCache Counted(Func<PrefixCache> compute)
    {
        Interlocked.Increment(ref computed);
        return compute();
    }

    /// <summary>Nothing holds a picture but samples that are idle themselves.</summary>
    private bool IsIdle(Resident picture)
    {
        List<Resident> over = samples.FindAll(s => IsOver(s, picture));
        return picture.Leases == over.Sum(s => LeasesOf(s, picture)) && over.TrueForAll(s => s.Leases == 0);
    }

    private Lease<T> LeaseOf<T>(List<Resident> residents, Resident resident) =>
        new(() => (T)Prepared(residents, resident), () => Release(resident));

    /// <summary>The thing; one that could not be prepared is forgotten, so that it is tried again.</summary>
    private IDisposable Prepared(List<Resident> residents, Resident resident)
    {
        try
        {
            return resident.Thing.Value;
        }
        catch
        {
            lock (leasing)
            {
                residents.Remove(resident);
            }

            throw;
        }
    }

    private void Release(Resident resident)
    {
        lock (leasing)
        {
            resident.Leases--;
        }
    }

    private sealed class Resident(string name, Lazy<IDisposable> thing)
    {
        public string Name { get; } = name;

        public Lazy<IDisposable> Thing { get; } = thing;

        /// <summary>The thing, if it is prepared.</summary>
        public IDisposable? Made => Thing.IsValueCreated ? Thing.Value : null;

        public int Leases { get; set; }
    }
}

/// <summary>A shared thing that stays alive until the lease is disposed.</summary>
public sealed class Lease<T>(Func<T> value, Action release) : IDisposable
{
    /// <summary>The thing.</summary>
    public T Value => value();

    /// <inheritdoc/>
    public void Dispose() => release();
}
