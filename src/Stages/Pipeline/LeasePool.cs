namespace Pipelines.Stages;

/// <summary>
/// Prepared things by name, each alive while somebody leases it; of idle ones the last used are kept. Safe for several
/// threads: one prepares while others wait.
/// </summary>
internal sealed class LeasePool
{
    private readonly Lock leasing = new();
    private readonly List<Resident> residents = [];

    /// <summary>Things kept at most, those at work among them.</summary>
    public int Kept { get; set; } = 1;

    /// <summary>
    /// The thing called <paramref name="name"/>, prepared when it is first asked of the lease. A name belongs to one
    /// kind of preparation.
    /// </summary>
    public Lease<T> Lease<T>(string name, Func<T> prepare)
        where T : class, IDisposable
    {
        Resident resident;
        lock (leasing)
        {
            resident = residents.Find(r => r.Name == name) ?? new Resident(name, new Lazy<IDisposable>(prepare));
            residents.Remove(resident);
            residents.Add(resident); // most recently used last
            resident.Leases++;
            Evict();
        }

        return new Lease<T>(() => (T)Prepared(resident), () => Release(resident));
    }

    /// <summary>Drops everything. Nothing may be at work.</summary>
    public void Clear()
    {
        foreach (Resident resident in residents.Where(r => r.Run.IsValueCreated))
        {
            resident.Run.Value.Dispose();
        }

        residents.Clear();
    }

    /// <summary>The thing; one that could not be prepared is forgotten, so that it is tried again.</summary>
    private IDisposable Prepared(Resident resident)
    {
        try
        {
            return resident.Run.Value;
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
            Evict();
        }
    }

    private void Evict()
    {
        while (residents.Count > Kept && residents.Find(r => r.Leases == 0) is { } idle)
        {
            residents.Remove(idle);
            if (idle.Run.IsValueCreated)
            {
                idle.Run.Value.Dispose();
            }
        }
    }

    private sealed class Resident(string name, Lazy<IDisposable> run)
    {
        public string Name { get; } = name;

        public Lazy<IDisposable> Run { get; } = run;

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
